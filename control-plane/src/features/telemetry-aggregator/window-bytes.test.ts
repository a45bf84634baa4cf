import assert from "node:assert/strict";
import { test } from "node:test";
import { ColumnEncoder } from "@edgemere/protocol";
import { HOUR, MINUTE } from "@edgemere/protocol/kit";
import fc from "fast-check";
import { windowsBytes, windowsIn, windowsTelling } from "./window-bytes.ts";
import { Windows, type Summing } from "./windows.ts";

const grid = { from: 10 * HOUR, step: MINUTE, length: 60 };
const what: readonly Summing[] = ["min", "max", "mean", "sum", "count", "last", "rate"];

/** Samples of one series within the grid, ascending. */
const samples = fc
  .array(fc.record({ at: fc.integer({ min: 0, max: HOUR - 1 }), value: fc.integer({ min: -1_000, max: 1_000 }) }), {
    maxLength: 40,
  })
  .map((all) => all.toSorted((a, b) => a.at - b.at));
const instances = fc.uniqueArray(fc.record({ instance: fc.string({ maxLength: 5 }), samples }), {
  selector: ({ instance }) => instance,
  maxLength: 4,
});

test("the columns that tell one thing tell the same as all columns do", () => {
  fc.assert(
    fc.property(instances, (all) => {
      const bytes = windowsBytes(
        new ColumnEncoder(),
        all.map(({ instance, samples }) => {
          const windows = new Windows(grid);
          windows.addSamples({
            at: samples.map(({ at }) => grid.from + at),
            values: samples.map(({ value }) => value / 8),
          });
          return { instance, windows };
        }),
      );

      for (const each of what) {
        // What is handed out is only valid until the next.
        const seen = { all: [] as unknown[], telling: [] as unknown[] };
        for (const { instance, windows } of windowsIn(bytes, grid))
          seen.all.push([instance, [...windows.values(each)], windows.overall(each)]);
        for (const { instance, windows } of windowsTelling(each, bytes, new Windows(grid)))
          seen.telling.push([instance, [...windows.values(each)], windows.overall(each)]);
        assert.equal(seen.all.length, all.length);
        assert.deepEqual(seen.telling, seen.all);
      }
    }),
  );
});
