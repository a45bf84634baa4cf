import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { columnsOf, readerOf, type LineData } from "./chart-columns.ts";

const line = (at: number[], value: (number | null)[], more: Partial<LineData> = {}): LineData => ({
  at,
  value,
  gaps: [],
  ...more,
});
const gap = (from: number, to: number) => ({ from, to, records: 1, reason: "cut" });

const lines = fc
  .uniqueArray(fc.tuple(fc.nat(1_000_000), fc.integer(), fc.nat(50), fc.nat(50)), {
    selector: ([at]) => at,
    maxLength: 40,
  })
  .map((rows) => rows.toSorted(([a], [b]) => a - b))
  .chain((rows) =>
    fc.boolean().map((isThinned) =>
      line(
        rows.map(([at]) => at),
        rows.map(([, value]) => value),
        isThinned
          ? {
              low: rows.map(([, value, below]) => value - below),
              high: rows.map(([, value, , above]) => value + above),
            }
          : {},
      ),
    ),
  );

test("a line is broken where much more time than usual passed, and in a known gap", () => {
  assert.deepEqual(columnsOf([line([1_000, 2_000, 3_000, 9_000], [1, 2, 3, 9])]), [
    [1, 2, 3, 3.001, 9],
    [1, 2, 3, null, 9],
  ]);
  assert.deepEqual(columnsOf([line([1_000, 2_000, 3_000], [1, 2, 3], { gaps: [gap(0, 900), gap(2_100, 2_900)] })])[1], [
    1,
    2,
    null,
    3,
  ]);
});

test("an unbroken line stays so, and none stays none", () => {
  assert.deepEqual(columnsOf([line([1_000, 2_000], [0, 0])]), [
    [1, 2],
    [0, 0],
  ]);
  assert.deepEqual(columnsOf([line([], [])]), [[], []]);
  assert.deepEqual(columnsOf([]), [[]]);
});

test("a step with extremes is an upright stroke, begun at the end that is nearer to what was before", () => {
  const steps = line([1_000, 2_000, 3_000], [5, 5, 5], { low: [1, 2, 5], high: [9, 8, 5] });

  assert.deepEqual(columnsOf([steps]), [
    [1, 1, 2, 2, 3],
    [1, 9, 8, 2, 5],
  ]);
});

test("lines with other instants stand side by side, and none borrows from the other", () => {
  const both = columnsOf([line([1_000, 3_000], [1, 3]), line([2_000, 3_000], [20, 30])]);

  assert.deepEqual(both, [
    [1, 2, 3],
    [1, undefined, 3],
    [undefined, 20, 30],
  ]);
});

test("every line keeps its extremes and all its points, in order, whatever stands beside it", () => {
  fc.assert(
    fc.property(fc.array(lines, { minLength: 1, maxLength: 4 }), (all) => {
      const [at, ...columns] = columnsOf(all);

      assert.ok(at.every((each, place) => place === 0 || each >= (at[place - 1] ?? 0)));
      for (const [place, each] of all.entries()) {
        const drawn = (columns[place] ?? []).filter((value) => typeof value === "number");
        assert.equal(columns[place]?.length, at.length);
        assert.equal(Math.min(...drawn), Math.min(...((each.low ?? each.value) as number[])));
        assert.equal(Math.max(...drawn), Math.max(...((each.high ?? each.value) as number[])));
      }
    }),
  );
});

test("a moment is read off the nearest sample, and off none where nothing is known", () => {
  const read = readerOf(line([1_000, 2_000, 3_000, 60_000], [1, 2, null, 60]));

  assert.equal(read(1_400)?.value, 1);
  assert.equal(read(1_600)?.value, 2);
  assert.equal(read(3_000), undefined, "what is no number was not recorded");
  assert.equal(read(30_000), undefined);
  assert.equal(read(59_000)?.value, 60);
  assert.equal(read(0)?.value, 1);
  assert.equal(read()?.value, 60);
  assert.equal(readerOf(line([], []))(5), undefined);
});

test("a step tells its extremes, where it has any", () => {
  const read = readerOf(line([1_000, 2_000], [5, 6], { low: [1, 6], high: [9, 6] }));

  assert.deepEqual(read(1_000), { at: 1_000, value: 5, low: 1, high: 9 });
  assert.deepEqual(read(2_000), { at: 2_000, value: 6 });
});
