import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { extremesOfSteps } from "./steps.ts";

const samples = fc
  .uniqueArray(fc.record({ at: fc.nat(99_999), value: fc.double({ noNaN: true }) }, { noNullPrototype: true }), {
    selector: ({ at }) => at,
    maxLength: 300,
  })
  .map((all) => all.toSorted((a, b) => a.at - b.at));
const columns = (ordered: readonly { readonly at: number; readonly value: number }[]) => ({
  at: ordered.map(({ at }) => at),
  values: ordered.map(({ value }) => value),
});
const steps = fc.integer({ min: 1, max: 30_000 });

test("no extreme is lost, whatever the step", () => {
  fc.assert(
    fc.property(samples, steps, (ordered, step) => {
      const { low, high } = extremesOfSteps(columns(ordered), { from: 0, step });
      const values = ordered.map(({ value }) => value);

      assert.equal(Math.min(...low), Math.min(...values));
      assert.equal(Math.max(...high), Math.max(...values));
    }),
  );
});

test("each step tells of its own samples only: their last, and bounds that all of them lie within", () => {
  fc.assert(
    fc.property(samples, steps, (ordered, step) => {
      const { at, value, low, high } = extremesOfSteps(columns(ordered), { from: 0, step });

      for (const [place, instant] of at.entries()) {
        const inside = ordered.filter((each) => Math.floor(each.at / step) === Math.floor(instant / step));
        const values = inside.map((each) => each.value);
        assert.deepEqual({ at: instant, value: value[place] }, inside.at(-1));
        assert.deepEqual([low[place], high[place]], [Math.min(...values), Math.max(...values)]);
      }
    }),
  );
});

test("there are never more entries than steps, and none is empty", () => {
  fc.assert(
    fc.property(samples, steps, (ordered, step) => {
      const { at, value, low, high } = extremesOfSteps(columns(ordered), { from: 0, step });

      assert.equal(at.length, new Set(ordered.map((each) => Math.floor(each.at / step))).size);
      assert.ok([value, low, high].every((column) => column.length === at.length));
    }),
  );
});
