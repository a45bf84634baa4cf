import assert from "node:assert/strict";
import { test } from "node:test";
import { folded, wholeOf } from "./folded.ts";
import type { Series } from "./samples.ts";

const series = (metric: string, at: number[], value: number[], more: Partial<Series> = {}): Series => ({
  metric,
  instance: "",
  at,
  value,
  ...more,
});

test("the lowest and highest of windows that a device summed up are those of their mean", () => {
  const parts = [
    series("load:min", [10, 20], [1, 2]),
    series("load:max", [10, 20], [8, 9]),
    series("load:count", [10], [3]),
  ];

  assert.deepEqual(folded([series("load", [10, 20], [5, 6]), ...parts]), [
    series("load", [10, 20], [5, 6], { low: [1, 2], high: [8, 9] }),
  ]);
});

test("a window of one sample is its own lowest and highest", () => {
  const parts = [series("load:min", [20], [2]), series("load:max", [20], [9])];

  const [load] = folded([series("load", [10, 20, 30], [5, 6, 7]), ...parts]);

  assert.deepEqual(
    [load?.low, load?.high],
    [
      [5, 2, 7],
      [5, 9, 7],
    ],
  );
});

test("where an answer is thinned out, an entry has the bounds of all windows since the one before", () => {
  const thinned = { low: [0, 4], high: [5, 7] };
  const parts = [
    series("load:min", [15, 40], [3, 3], { low: [-1, 2], high: [3, 3] }),
    series("load:max", [15, 40], [6, 6], { low: [6, 6], high: [9, 8] }),
  ];

  const [load] = folded([series("load", [20, 40], [5, 6], thinned), ...parts]);

  assert.deepEqual(
    [load?.low, load?.high],
    [
      [-1, 2],
      [9, 8],
    ],
  );
});

test("other instances are not mixed, and a part without its mean stands for itself", () => {
  const other = series("load:min", [10], [1], { instance: "b" });
  const all = [series("load", [10], [5], { instance: "a" }), other];

  assert.deepEqual(folded(all), all);
  assert.deepEqual(["cpu.busy_percent:min", "cpu.busy_percent", ":min", "a:b", "a:constructor"].map(wholeOf), [
    "cpu.busy_percent",
    undefined,
    undefined,
    undefined,
    undefined,
  ]);
});
