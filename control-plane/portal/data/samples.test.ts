import assert from "node:assert/strict";
import { test } from "node:test";
import { merged, type History } from "./samples.ts";

const history = (from: number, to: number, at: readonly number[], gaps: History["gaps"] = []): History => ({
  device: "gw1",
  resolution: "samples",
  from,
  to,
  series: [{ metric: "cpu.busy_percent", instance: "", at: [...at], value: at.map((each) => each / 1_000) }],
  gaps,
  estimated: [],
});
const timesOf = ({ series }: History) => series.map(({ at }) => at);

test("newer samples replace those of the same time and what has left the window goes", () => {
  const older = history(0, 4_000, [1_000, 2_000, 3_000, 4_000]);
  const newer = history(3_000, 6_000, [3_500, 5_000]);

  const both = merged(older, newer, 1_500);

  assert.deepEqual(timesOf(both), [[2_000, 3_500, 5_000]]);
  assert.deepEqual([both.from, both.to], [1_500, 6_000]);
});

test("a series that begins later is added, and one that ended stays as long as it is in the window", () => {
  const older = history(0, 4_000, [1_000]);
  const newer: History = {
    ...history(3_000, 6_000, []),
    series: [{ metric: "load.average_1m", instance: "", at: [5_000], value: [1] }],
  };

  assert.deepEqual(timesOf(merged(older, newer, 500)), [[1_000], [5_000]]);
  assert.deepEqual(timesOf(merged(older, newer, 2_000)), [[], [5_000]]);
});

test("extremes of what is thinned out stay, and a sample that stands for itself is its own", () => {
  const older = history(0, 4_000, [1_000, 2_000]);
  const [series] = older.series;
  assert.ok(series);
  const thinned = { ...older, series: [{ ...series, low: [0, 1], high: [5, 6] }] };

  const [both] = merged(thinned, history(2_000, 6_000, [3_000]), 500).series;

  assert.deepEqual(
    [both?.low, both?.value, both?.high],
    [
      [0, 3],
      [1, 3],
      [5, 3],
    ],
  );
});
