import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { ColumnEncoder } from "@edgemere/protocol";
import { chunkBytes, StoredChunk, type Chunk } from "./chunks.ts";
import { framed, unframed } from "./frame.ts";
import { SeriesList } from "./series-list.ts";

const plain = { noNullPrototype: true };
const report = fc.record(
  {
    sequence: fc.maxSafeInteger().map(Math.abs),
    rows: fc.integer({ min: 1, max: 5 }),
    clockPeriod: fc.nat(),
    offset: fc.maxSafeInteger(),
    isEstimated: fc.boolean(),
    receivedAt: fc.nat(),
  },
  plain,
);
const name = fc.record({ metric: fc.string({ unit: "binary" }), instance: fc.string() }, plain);
const chunk: fc.Arbitrary<Chunk> = fc
  .tuple(fc.array(report, { minLength: 1, maxLength: 5 }), fc.uniqueArray(fc.nat()), fc.array(name))
  .chain(([reports, numbers, names]) => {
    const rows = reports.reduce((sum, each) => sum + each.rows, 0);
    const column = fc.array(fc.double(), { minLength: rows, maxLength: rows });
    const keys = [...numbers, ...names];
    return fc
      .tuple(fc.array(fc.nat(), { minLength: rows, maxLength: rows }), ...keys.map(() => column))
      .map(([instants, ...columns]) => ({
        reports,
        instants,
        series: keys.map((key, place) => ({ key, values: columns[place] ?? [] })),
      }));
  });

test("a chunk is read as it was written, each of its columns by itself", () => {
  fc.assert(
    fc.property(chunk, (written) => {
      const read = new StoredChunk(chunkBytes(written, new ColumnEncoder()));

      assert.deepEqual(read.reports(), written.reports);
      assert.deepEqual([...read.instants()], written.instants);
      assert.deepEqual(
        read.keys(),
        written.series.map(({ key }) => key),
      );
      for (const [place, { values }] of written.series.entries()) assert.deepEqual([...read.values(place)], values);
      assert.equal(read.cells, written.series.length * written.instants.length);
    }),
  );
});

test("blocks come back as they were, and a frame that was cut is no frame", () => {
  fc.assert(
    fc.property(fc.array(fc.uint8Array({ maxLength: 300 }), { minLength: 1 }), (blocks) => {
      const bytes = framed(blocks);

      assert.deepEqual(unframed(bytes), blocks);
      assert.throws(() => unframed(bytes.subarray(0, -1)), /a frame/);
    }),
  );
});

test("a frame whose lengths go back, so that its blocks lie over each other, is no frame", () => {
  const minusFour = [0xfc, 0xff, 0xff, 0xff, 0x0f];

  assert.throws(() => unframed(Uint8Array.from([3, 4, ...minusFour, 4, 1, 2, 3, 4])), /a frame/);
});

test("a series keeps its number, and a forgotten number is never another's", () => {
  const list = SeriesList.of(undefined);
  const [load, disk] = [
    { metric: "load", instance: "" },
    { metric: "disk", instance: "sda" },
  ];
  const numbers = [list.keyOf(load), list.keyOf(disk), list.keyOf(load)];
  const rest = SeriesList.of(list.without((number) => number === numbers[1]).bytes());

  assert.deepEqual(numbers, [0, 1, 0]);
  assert.deepEqual([rest.nameOf(0), rest.nameOf(1), rest.keyOf(disk)], [load, undefined, 2]);
});

test("of too many series the rest goes by their names", () => {
  const list = SeriesList.of(undefined);
  const keys = Array.from({ length: 4_001 }, (_, place) => list.keyOf({ metric: "m", instance: String(place) }));

  assert.deepEqual(keys.slice(-2), [3_999, { metric: "m", instance: "4000" }]);
  assert.deepEqual(list.nameOf({ metric: "m", instance: "4000" }), { metric: "m", instance: "4000" });
});
