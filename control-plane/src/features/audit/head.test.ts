import assert from "node:assert/strict";
import { test } from "node:test";
import { MINUTE } from "@edgemere/protocol/kit";
import { isHeadDue } from "./head.ts";

const NOW = 10 * MINUTE;
const last = (number: number, over: object = {}) => ({ number, hash: "", at: NOW - 1_000, generation: 1, ...over });

for (const [what, number, newest, expected] of [
  ["nothing was ever written", 0, undefined, false],
  ["the first entry is there", 1, undefined, true],
  ["nothing came since the last", 5, last(5, { at: 0 }), false],
  ["one came within the minute", 6, last(5), false],
  ["one came and the minute is over", 6, last(5, { at: NOW - MINUTE }), true],
  ["a thousand came within the minute", 1_005, last(5), true],
  ["another life has begun", 5, last(5, { generation: 0 }), true],
  ["one came and the clock was set back", 6, last(5, { at: NOW + MINUTE }), true],
] as const) {
  test(`a head is ${expected ? "" : "not "}due when ${what}`, () => {
    assert.equal(isHeadDue({ place: { number, hash: "" }, last: newest, now: NOW, generation: 1 }), expected);
  });
}
