import assert from "node:assert/strict";
import { test } from "node:test";
import { recordsRemembered } from "@edgemere/protocol";
import fc from "fast-check";
import { advanced, contradicts, startOf, type Step, type Watermark } from "./watermark.ts";

const aRecord = (number: number, checksum = number * 7 + 1): Step => ({
  first: number,
  last: number,
  atMs: number,
  checksum,
});
const aGap = (first: number, last: number, gapReason = "spool-full"): Step => ({
  first,
  last,
  atMs: last,
  checksum: 0,
  gapReason,
});
const after = (...steps: readonly Step[]): Watermark => advanced(startOf("d1/event"), steps, []);
const records = (from: number, upTo: number) => Array.from({ length: upTo - from + 1 }, (_, i) => aRecord(from + i));

test("a record that comes again as it was contradicts nothing", () => {
  const mark = after(...records(1, 10));

  assert.deepEqual(
    records(1, 10).filter((each) => contradicts(mark, each)),
    [],
  );
});

test("a record that comes again with other bytes is noticed", () => {
  assert.equal(contradicts(after(...records(1, 10)), aRecord(4, 999)), true);
});

for (const [what, mark, again] of [
  ["a record that is new", after(...records(1, 10)), aRecord(11, 999)],
  ["a record too old to be remembered", after(...records(1, 10 + recordsRemembered)), aRecord(10, 999)],
  ["a record in whose place a gap is stored", after(aGap(1, 10)), aRecord(4, 999)],
  ["a gap in whose place records are stored: the device gave them up", after(...records(1, 10)), aGap(4, 20)],
] as const)
  test(`${what} contradicts nothing`, () => {
    assert.equal(contradicts(mark, again), false);
  });

test("a reason that a device made up is counted among the others", () => {
  assert.deepEqual(after(aGap(1, 3), aGap(4, 5, "the dog ate it")).explained, { "spool-full": 3, other: 2 });
});

test("received and explained make up everything, whatever came in whatever pieces", () => {
  const piece = fc.record({ length: fc.integer({ min: 1, max: 200 }), isGap: fc.boolean() });

  fc.assert(
    fc.property(fc.array(fc.array(piece, { minLength: 1, maxLength: 5 }), { maxLength: 20 }), (batches) => {
      let mark = startOf("d1/event");
      const stored = new Map<number, number>();
      for (const pieces of batches) {
        let next = mark.upTo + 1;
        const steps = pieces.flatMap(({ length, isGap }): readonly Step[] => {
          const first = next;
          next += length;
          return isGap ? [aGap(first, next - 1)] : records(first, next - 1);
        });
        mark = advanced(mark, steps, []);
        for (const { first, last, checksum } of steps)
          for (let number = first; number <= last; number++) stored.set(number, checksum);
        const explained = Object.values(mark.explained).reduce((sum, count) => sum + count, 0);
        assert.equal(mark.received + explained, mark.upTo);
      }
      for (const [number, checksum] of stored) {
        const isKnown = number > mark.upTo - recordsRemembered && checksum !== 0;
        assert.equal(contradicts(mark, aRecord(number, checksum + 1)), isKnown);
        assert.equal(contradicts(mark, aRecord(number, checksum)), false);
      }
    }),
    { numRuns: 60 },
  );
});

test("evidence of refused records is bounded, the newest are kept", () => {
  const refused = Array.from({ length: 40 }, (_, i) => ({
    sequence: i + 1,
    at: 0,
    reason: "malformed",
    detail: "",
    bytes: 1,
    hash: "00",
  }));

  const mark = advanced(startOf("d1/event"), [aGap(1, 40, "refused")], refused);

  assert.deepEqual([mark.refused.length, mark.refused[0]?.sequence, mark.refused.at(-1)?.sequence], [16, 25, 40]);
});
