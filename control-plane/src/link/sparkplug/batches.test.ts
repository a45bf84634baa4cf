import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { checkRecord, inColumns, v1 } from "@edgemere/protocol";
import { batchesOf, type Sample } from "./batches.ts";

const NOW = 1_750_000_000_000;
const sample = (metric: string, at: number, value = 1, instance = ""): Sample => ({ metric, instance, at, value });

/** What a reader makes of the batches. */
const readBack = (batches: ReturnType<typeof batchesOf>): readonly Sample[] =>
  batches.flatMap(({ baseMs, offsetMs, series }) =>
    series.flatMap(({ metric, instance = "", values }) =>
      [...values].flatMap((value, row) =>
        Number.isNaN(value) ? [] : [{ metric, instance, at: baseMs + (offsetMs[row] ?? 0), value }],
      ),
    ),
  );
const keyOf = ({ metric, instance, at }: Sample) => JSON.stringify([metric, instance, at]);

test("metrics of one instant are one row, and instants of one metric one column", () => {
  const row = batchesOf([sample("a", NOW), sample("b", NOW), sample("c", NOW)], NOW);
  const column = batchesOf([sample("a", NOW), sample("a", NOW + 5), sample("a", NOW + 9)], NOW);

  assert.deepEqual(
    row.map(({ offsetMs, series }) => [offsetMs, series.length]),
    [[[0], 3]],
  );
  assert.deepEqual(
    column.map(({ offsetMs, series }) => [offsetMs, series.length]),
    [[[0, 5, 9], 1]],
  );
});

test("of two samples of one series at one instant the later word counts", () => {
  assert.deepEqual(readBack(batchesOf([sample("a", NOW, 1), sample("a", NOW, 2)], NOW)), [sample("a", NOW, 2)]);
});

test("a sample whose time cannot be true is in no batch with others, whose dates it would spoil", () => {
  const batches = batchesOf([sample("a", 5_000), sample("a", NOW), sample("b", NOW)], NOW);

  assert.deepEqual(
    batches.map(({ baseMs, series }) => [baseMs, series.length]),
    [
      [5_000, 1],
      [NOW, 2],
    ],
  );
});

test("every sample is in one batch, each batch is one that a device may send, and none is large or mostly empty", () => {
  const anySample = fc.record({
    metric: fc.oneof(fc.constantFrom("a", "b", "c"), fc.string({ minLength: 1, maxLength: 256 })),
    instance: fc.constantFrom("", "pump"),
    at: fc.oneof(fc.integer({ min: NOW - 50, max: NOW }), fc.integer({ min: 0, max: NOW }), fc.constant(NOW)),
    value: fc.double({ noNaN: true, noDefaultInfinity: true }),
  });
  fc.assert(
    fc.property(fc.array(anySample, { maxLength: 400 }), (samples) => {
      const batches = batchesOf(samples, NOW);

      const wanted = new Map(samples.map((each) => [keyOf(each), each.value]));
      const found = readBack(batches);
      assert.deepEqual(new Map(found.map((each) => [keyOf(each), each.value])), wanted);
      assert.equal(found.length, wanted.size);
      for (const telemetry of batches) {
        const [written = {}] = inColumns([{ sequence: 1, atMs: NOW, telemetry }]).records;
        const record = v1.Record.encode(written).finish();
        checkRecord("telemetry", v1.Record.decode(record));
        assert.ok(record.length < 80 * 1024);
      }
      const cells = batches.reduce((sum, { offsetMs, series }) => sum + offsetMs.length * series.length, 0);
      assert.ok(cells <= 4 * samples.length + 64 * batches.length);
    }),
    { numRuns: 60 },
  );
});
