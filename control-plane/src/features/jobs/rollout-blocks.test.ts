import assert from "node:assert/strict";
import { test } from "node:test";
import { isHopeless, looksAt } from "./rollout-blocks.ts";

/** A device of a rollout with nothing in its way. */
const free: Parameters<typeof looksAt>[0] = {
  now: 0,
  rollout: { state: "running", pausedBy: "", opened: 1 },
  step: { do: "go on", why: "wave" },
  isAuthorActive: true,
  target: { state: "queued", wave: 0, notBefore: 0, reason: "", detail: "" },
  command: undefined,
  device: { state: "active", presence: "online" },
  isSelected: true,
  isWithinScope: true,
  policy: "admits",
  isKindKnown: true,
  boxedUntil: 0,
  busyWith: undefined,
  isQueueFull: false,
  window: undefined,
  unavailable: undefined,
  atOnce: { count: 0, most: 1 },
  turnAt: 0,
  cappedUntil: 0,
};

test("what never ends is looked at before all that is not in a device's own row: to apply a plan nothing else is read", () => {
  const reasons = looksAt(free).map(({ reason }) => reason);
  const firstToRead = reasons.indexOf("policy-refuses");

  assert.ok(firstToRead > 0);
  assert.deepEqual(reasons.slice(firstToRead).filter(isHopeless), []);
  assert.ok(reasons.slice(0, firstToRead).some(isHopeless));
});
