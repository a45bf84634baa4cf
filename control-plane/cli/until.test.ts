import assert from "node:assert/strict";
import { test } from "node:test";
import { goalOf } from "./until.ts";

const emptyWave = { targets: 2, active: 0, succeeded: 0, failed: 0, skipped: 0, cancelled: 0 };
const passed = { ...emptyWave, passedAt: 5 };

for (const [text, state, waves, now, expected] of [
  ["wave 1", "running", [passed, emptyWave], 0, true],
  ["wave1", "running", [emptyWave, emptyWave], 0, false],
  ["wave:2", "running", [passed, emptyWave], 0, false],
  ["wave 9", "running", [passed], 0, false],
  ["paused", "paused", [], 0, true],
  ["paused", "running", [], 0, false],
  ["10s", "running", [], 9_999, false],
  ["10s", "running", [], 10_000, true],
  ["2m", "running", [], 120_000, true],
] as const)
  test(`until ${text} is ${expected ? "reached" : "not reached"} by one that is ${state}, at ${now}`, () => {
    assert.equal(goalOf(text, 0)({ state, waves: [...waves] }, now), expected);
  });

for (const text of ["", "wave 0", "wave", "soon", "10", "succeeded", "1d"])
  test(`"${text}" cannot be waited for`, () => {
    assert.throws(() => goalOf(text, 0), /--until takes a wave, one of approving/);
  });
