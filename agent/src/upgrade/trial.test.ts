import assert from "node:assert/strict";
import { test } from "node:test";
import { MINUTE, SECOND } from "@edgemere/protocol/kit";
import { judge, spareSlot, type Seen, type Trial } from "./trial.ts";

const aTrial = (more: Partial<Trial> = {}): Trial => ({
  command: "c1",
  from: "base",
  to: "a",
  before: "1.0.0",
  version: "1.1.0",
  startWithin: 60 * SECOND,
  confirmWithin: 120 * MINUTE,
  starts: 1,
  deaths: 0,
  spent: 0,
  ...more,
});
const seen = (more: Partial<Seen> = {}): Seen => ({ mark: undefined, detail: "", running: 0, ...more });

for (const [what, trial, given, expected] of [
  ["that has just begun may get to work", {}, {}, { verdict: "wait", ms: 60 * SECOND }],
  [
    "that works may wait for its first session for as long as it has",
    {},
    { mark: "working", running: MINUTE },
    { verdict: "wait", ms: 119 * MINUTE },
  ],
  ["that had a session an hour late stays", {}, { mark: "confirmed", running: 180 * MINUTE }, { verdict: "keep" }],
  ["that was confirmed and died since stays", { deaths: 9, starts: 99 }, { mark: "confirmed" }, { verdict: "keep" }],
  ["that works and died twice goes on", { deaths: 2 }, { mark: "working" }, { verdict: "wait", ms: 120 * MINUTE }],
] as const) {
  test(`a release ${what}`, () => {
    assert.deepEqual(judge(aTrial(trial), seen(given)), expected);
  });
}

for (const [what, trial, given, detail] of [
  ["does not get to work", {}, { running: 60 * SECOND }, /^it did not get to work within 60 s/],
  ["ends by itself three times, though it worked", { deaths: 3 }, { mark: "working" }, /^it ended 3 times by itself/],
  ["cannot do its work", {}, { mark: "failed", detail: "no shell" }, /^it cannot do its work: no shell/],
  ["takes the machine down with it again and again", { starts: 11 }, {}, /^it was started 11 times/],
  [
    "has had all its time",
    { spent: 119 * MINUTE },
    { mark: "working", running: MINUTE },
    /^it had no session with a round trip within 7200 s/,
  ],
] as const) {
  test(`a release that ${what} is taken back`, () => {
    const verdict = judge(aTrial(trial), seen(given));

    assert.equal(verdict.verdict, "back");
    assert.match(verdict.verdict === "back" ? verdict.detail : "", detail);
  });
}

test("what is in use is never written over", () => {
  assert.deepEqual(
    (["base", "a", "b"] as const).map((slot) => spareSlot(slot)),
    ["a", "b", "a"],
  );
});
