import assert from "node:assert/strict";
import { test } from "node:test";
import type { Told } from "./notice-contract.ts";
import { changeToTell, parcels, TOGETHER_AT_MOST, type Happened } from "./telling.ts";

const table: readonly (readonly [Happened, "firing" | "nodata" | undefined, string | undefined])[] = [
  ["firing", undefined, "firing"],
  ["firing", "firing", undefined],
  ["firing", "nodata", "firing"],
  ["nodata", undefined, "nodata"],
  ["nodata", "firing", "nodata"],
  ["nodata", "nodata", undefined],
  ["resolved", undefined, undefined],
  ["resolved", "firing", "resolved"],
  ["resolved", "nodata", "resolved"],
  ["destroy", undefined, undefined],
  ["destroy", "nodata", "resolved"],
];
for (const [happened, heard, told] of table)
  test(`of ${happened} who heard of ${heard ?? "nothing"} hears ${told ?? "nothing"}`, () => {
    assert.equal(changeToTell(happened, heard), told);
  });

const telling = (number: number) => ({ number, told: { alert: `d${number}/hot` } as Told });
const placesOf = (all: ReturnType<typeof parcels>) => all.map(({ place, told }) => [place, told.length]);

test("what happens close together is one message, in the order in which it happened", () => {
  const [first, second] = parcels(undefined, [telling(4), telling(7)]);

  assert.deepEqual([first?.place, first?.told.map(({ alert }) => alert), second], [4, ["d4/hot", "d7/hot"], undefined]);
});

test("a message that waits grows until it is full, and what is left goes into others behind it", () => {
  const open = { place: 3, told: Array.from({ length: TOGETHER_AT_MOST - 1 }, () => telling(3).told) };
  const many = Array.from({ length: TOGETHER_AT_MOST + 2 }, (_, i) => telling(10 + i));

  assert.deepEqual(placesOf(parcels(open, many)), [
    [3, TOGETHER_AT_MOST],
    [11, TOGETHER_AT_MOST],
    [111, 1],
  ]);
  assert.deepEqual(placesOf(parcels(open, [telling(10)])), [[3, TOGETHER_AT_MOST]]);
});
