import assert from "node:assert/strict";
import { test } from "node:test";
import { MINUTE, SECOND } from "@edgemere/protocol/kit";
import fc from "fast-check";
import { gridOf, type Grid } from "./grid.ts";
import { Windows, type Column } from "./windows.ts";

const GRID: Grid = { from: 600_000, step: MINUTE, length: 10 };

const windowsOf = (column: Column, grid = GRID): Windows => {
  const windows = new Windows(grid);
  windows.addSamples(column);
  return windows;
};

/** Whole numbers, so that sums are exact in any order. */
const someSamples = fc
  .uniqueArray(fc.integer({ min: GRID.from, max: GRID.from + 10 * MINUTE - 1 }), { maxLength: 60 })
  .chain((instants) =>
    fc
      .array(fc.integer({ min: -1_000_000, max: 1_000_000 }), {
        minLength: instants.length,
        maxLength: instants.length,
      })
      .map((values) => ({ at: instants.toSorted((a, b) => a - b), values })),
  );

test("a window tells the least, largest, mean, sum, number and last of its samples", () => {
  const windows = windowsOf({
    at: [600_000, 610_000, 659_999, 660_000],
    values: [3, -1, 7, 100],
  });

  const told = (["min", "max", "mean", "sum", "count", "last"] as const).map((what) => windows.values(what)[0]);
  assert.deepEqual(told, [-1, 7, 3, 9, 3, 7]);
});

test("a window without samples has no value, not even a sum or a count of zero", () => {
  const windows = windowsOf({ at: [600_000], values: [1] });

  for (const what of ["min", "max", "mean", "sum", "count", "last", "rate"] as const)
    assert.deepEqual(
      [...windows.values(what).subarray(1)],
      Array.from({ length: 9 }, () => NaN),
    );
});

test("a rate is the growth of a counter in a second, from the sample before on, and a fall is a new beginning at zero", () => {
  const at = [590, 600, 630, 660, 690, 720].map((seconds) => seconds * SECOND);
  const windows = windowsOf({ at, values: [100, 120, 150, 210, 30, 60] });

  // 20 in 10 s and 30 in 30 s; 60 in 30 s and 30 (from zero) in 30 s; 30 in 30 s.
  assert.deepEqual([...windows.values("rate").subarray(0, 3)], [50 / 40, 90 / 60, 1]);
});

test("how a counter grew in a long silence is not told", () => {
  const windows = windowsOf({ at: [600_000, 600_000 + 9 * MINUTE], values: [1, 1_000] });

  assert.ok(Number.isNaN(windows.values("rate")[9]));
  assert.equal(windows.values("last")[9], 1_000);
});

test("windows of several series that are added are the windows of all their samples, whatever their order", () => {
  fc.assert(
    fc.property(fc.array(someSamples, { maxLength: 5 }), (series) => {
      const added = new Windows(GRID);
      for (const each of series) added.add(windowsOf(each));
      const reversed = new Windows(GRID);
      for (const each of series.toReversed()) reversed.add(windowsOf(each));

      const all = series.flatMap(({ at, values }) => at.map((instant, row) => [instant, values[row] ?? 0] as const));
      const expected = Array.from({ length: 10 }, (_, window) => {
        const inside = all.filter(([at]) => Math.floor((at - GRID.from) / MINUTE) === window).map(([, value]) => value);
        return [inside.length, inside.reduce((sum, each) => sum + each, 0), Math.min(...inside), Math.max(...inside)];
      });
      assert.deepEqual(
        expected,
        Array.from({ length: 10 }, (_, i) => [added.count[i], added.sum[i], added.min[i], added.max[i]]),
      );
      assert.deepEqual(added, reversed);
    }),
  );
});

test("long windows are the same, made of samples or of shorter windows", () => {
  const long: Grid = { ...GRID, step: 5 * MINUTE, length: 2 };
  fc.assert(
    fc.property(someSamples, (samples) => {
      const fromShort = new Windows(long);
      fromShort.add(windowsOf(samples));

      assert.deepEqual(fromShort, windowsOf(samples, long));
      const one = windowsOf(samples, { ...GRID, step: 10 * MINUTE, length: 1 });
      for (const what of ["min", "max", "sum", "count", "last", "rate"] as const)
        assert.deepEqual(windowsOf(samples).overall(what), one.values(what)[0], what);
    }),
  );
});

test("windows are whole, and without a step the shortest that fit a screen", () => {
  const hour = 60 * MINUTE;

  assert.deepEqual(gridOf({ from: 65_000, to: 125_000 }, "1m"), { name: "1m", from: 60_000, step: MINUTE, length: 2 });
  assert.deepEqual(gridOf({ from: 120_000, to: 180_000 }, "1m"), {
    name: "1m",
    from: 120_000,
    step: MINUTE,
    length: 1,
  });
  assert.deepEqual(
    [hour, 2 * hour, 24 * hour, 7 * 24 * hour, 90 * 24 * hour].map((to) => gridOf({ from: 0, to }).name),
    ["10s", "1m", "5m", "1h", "1d"],
  );
  assert.throws(() => gridOf({ from: 0, to: 30 * 24 * hour }, "10s"), /259200 windows of 10s.* such as 1d/);
});
