import assert from "node:assert/strict";
import { test } from "node:test";
import * as fc from "fast-check";
import { decodeColumn, decodeColumnInto } from "./column-decoder.ts";
import { ColumnEncoder } from "./column-encoder.ts";

const encoder = new ColumnEncoder();
const roundTrip = (values: ArrayLike<number>) => decodeColumn(encoder.encode(values), values.length);

const anyDouble = fc.oneof(
  fc.double(),
  fc.constantFrom(NaN, 0, -0, Infinity, -Infinity, 5e-324, -5e-324, Number.MAX_VALUE, 2 ** 50, -(2 ** 50), 2 ** 53),
);
const reading = fc.oneof(
  fc.integer(),
  fc.maxSafeInteger(),
  fc.integer({ min: -100_000, max: 100_000 }).map((hundredths) => hundredths / 100),
  fc.nat(1_000_000).map((pages) => pages * 4_096),
);
/** What measurements look like: runs of the same, counters, decimals, holes, and among them anything. */
const column = fc
  .array(fc.tuple(fc.oneof({ weight: 8, arbitrary: reading }, anyDouble), fc.integer({ min: 1, max: 300 })), {
    minLength: 1,
    maxLength: 30,
  })
  .map((runs) => runs.flatMap(([value, times]) => Array.from({ length: times }, () => value)));
const counter = fc
  .tuple(fc.nat(2 ** 40), fc.array(fc.nat(5_000), { minLength: 1, maxLength: 500 }))
  .map(([first, steps]) => steps.map((_, row) => steps.slice(0, row).reduce((sum, step) => sum + step, first)));

test("every column comes back bit by bit, and NaN as no value", () => {
  fc.assert(
    fc.property(
      fc.oneof(
        fc.array(anyDouble, { minLength: 1, maxLength: 200 }),
        fc.array(reading, { minLength: 1 }),
        column,
        counter,
      ),
      (values) => {
        assert.deepEqual([...roundTrip(values)], values);
      },
    ),
  );
});

test("part of a column is written as if it stood alone", () => {
  fc.assert(
    fc.property(column, fc.nat(), fc.nat(), (values, a, b) => {
      const [from = 0, to = 0] = [a % (values.length + 1), b % (values.length + 1)].toSorted((x, y) => x - y);

      assert.deepEqual(encoder.encode(values, from, to), new ColumnEncoder().encode(values.slice(from, to)));
    }),
  );
});

test("a column is read into part of a larger one, and nothing beside it changes", () => {
  fc.assert(
    fc.property(column, fc.nat(5), fc.nat(5), (values, before, after) => {
      const target = new Float64Array(before + values.length + after).fill(7);

      decodeColumnInto(encoder.encode(values), values.length, target, before);

      assert.deepEqual([...target], [...rows(before, () => 7), ...values, ...rows(after, () => 7)]);
    }),
  );
});

const repeated = (times: number, values: readonly number[]) => Array.from({ length: times }, () => values).flat();
const rows = (count: number, value: (row: number) => number) => Array.from({ length: count }, (_, row) => value(row));

/** What a column of 10,000 rows may take. */
const sizes: readonly (readonly [what: string, values: readonly number[], bytes: number])[] = [
  ["that says nothing", rows(10_000, () => NaN), 1],
  ["that never changes", rows(10_000, () => 21.5), 8],
  ["that never changes and is no decimal", rows(10_000, () => 1 / 3), 70],
  ["of instants a second apart", rows(10_000, (row) => 1_767_225_600_000 + 1_000 * row), 20],
  ["of small steps", repeated(5_000, [0.5, 0.75]), 10_010],
  ["of pages that come and go", repeated(5_000, [2 ** 33, 2 ** 33 + 4_096]), 10_010],
  ["of one spike", [...rows(5_000, () => 0), 7, ...rows(4_999, () => 0)], 12],
  ["that has a value now and then", repeated(100, [...rows(99, () => NaN), 3]), 210],
  ["of fractions", rows(10_000, (row) => 1 / (row + 3)), 80_001],
  ["whose first and last numbers no integer says", [-0, ...rows(9_998, () => 4), Infinity], 80],
];
for (const [what, values, bytes] of sizes)
  test(`a column ${what} takes ${bytes} bytes at most`, () => {
    const encoded = encoder.encode(values);

    assert.ok(encoded.length <= bytes, `it takes ${encoded.length}`);
    assert.deepEqual([...decodeColumn(encoded, values.length)], values);
  });

test("a column is never larger than its doubles but for a byte, and a byte per row where values come and go", () => {
  fc.assert(
    fc.property(fc.array(anyDouble, { minLength: 1, maxLength: 400 }), (values) => {
      const present = values.filter((value) => !Number.isNaN(value)).length;
      const presence = present < values.length ? values.length + 3 : 0;

      assert.ok(encoder.encode(values).length <= 8 * present + 1 + presence);
    }),
  );
});

const isRefused = { name: "ProtocolError", reason: "malformed" };

test("what is no column is refused, and takes no more rows than were announced", () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 40 }), fc.nat(100), (bytes, announced) => {
      try {
        assert.equal(decodeColumn(bytes, announced).length, announced);
      } catch (error) {
        assert.equal((error as { reason?: string }).reason, "malformed");
      }
    }),
    { numRuns: 2_000 },
  );
});

test("a column of another number of rows is refused, and so is one that was cut or goes on", () => {
  fc.assert(
    fc.property(fc.array(reading, { minLength: 1, maxLength: 50 }), (values) => {
      const bytes = encoder.encode(values);

      assert.throws(() => decodeColumn(bytes, values.length + 1), isRefused);
      assert.throws(() => decodeColumn(bytes, values.length - 1), isRefused);
      assert.throws(() => decodeColumn(bytes.subarray(0, -1), values.length), isRefused);
      assert.throws(() => decodeColumn(Uint8Array.of(...bytes, 0), values.length), isRefused);
    }),
  );
});

const refused: readonly (readonly [what: string, bytes: readonly number[], message: RegExp])[] = [
  ["nothing", [], /ends before its last row/],
  ["an unknown way of writing", [7, 1, 1], /written in a way \(7\)/],
  ["a scale where there are no integers", [4 | 8, 64], /written in a way \(12\)/],
  ["a column with holes in a column with holes", [6, 1, 1, 6, 1, 3], /written in a way \(6\)/],
  ["a hole of no rows", [6, 1, 0, 1, 1, 3], /a run of no rows/],
  ["a run of 2^55 zeros", [1, 0, 255, 255, 255, 255, 255, 255, 255, 127], /more rows than were announced/],
  ["a number of nine bytes", [1, 255, 255, 255, 255, 255, 255, 255, 255, 1], /more than 8 bytes/],
  ["more equal doubles than rows", [4, 255], /more rows than were announced/],
  ["a double of nine bytes", [4, 15, 1, 1, 1, 1, 1, 1, 1, 1], /more than eight bytes/],
  ["half a double", [5, 1, 2, 3, 4], /ends before its last row/],
];
for (const [what, bytes, message] of refused)
  test(`a column of two rows is refused for ${what}`, () => {
    assert.throws(() => decodeColumn(Uint8Array.from(bytes), 2), { ...isRefused, message });
  });
