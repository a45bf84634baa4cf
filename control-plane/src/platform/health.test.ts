import assert from "node:assert/strict";
import { test } from "node:test";
import { Reconciler, SECOND } from "@edgemere/protocol/kit";
import { drain, ManualClock } from "@edgemere/protocol/simulated";
import { healthOf, watched, type Check } from "./health.ts";

const degraded: Check = () => ({ severity: "degraded", reason: "the disk is nearly full" });
const failed: Check = () => ({ severity: "failed", reason: "the broker is down" });

test("what could be safer is told beside, and changes nothing of how it is", () => {
  const notice: Check = () => ({ severity: "notice", reason: "the audit copy is on the same disk" });

  assert.deepEqual(healthOf([notice, notice]), {
    status: "ok",
    reasons: [],
    notices: ["the audit copy is on the same disk"],
  });
});

test("health is as bad as the worst that was found, and names each reason once", () => {
  assert.deepEqual(healthOf([() => undefined]), { status: "ok", reasons: [] });
  assert.deepEqual(healthOf([degraded, degraded]), { status: "degraded", reasons: ["the disk is nearly full"] });
  assert.deepEqual(healthOf([degraded, failed]), {
    status: "failed",
    reasons: ["the disk is nearly full", "the broker is down"],
  });
});

function aLoop(step: () => Promise<"settled">) {
  const clock = new ManualClock();
  const { loop, check } = watched({ name: "l", every: SECOND, onError: () => {}, step }, clock);
  return { clock, check, reconciler: new Reconciler(loop, clock) };
}

test("a loop that comes back is well, however long it is watched", async () => {
  const { clock, check, reconciler } = aLoop(async () => "settled");
  reconciler.start();
  for (let i = 0; i < 60; i++) {
    await drain();
    assert.equal(check(), undefined);
    await clock.advance(SECOND);
  }
  await reconciler[Symbol.asyncDispose]();
});

test("a loop that fails three times in a row degrades", async () => {
  const { check, reconciler, clock } = aLoop(() => Promise.reject(new Error("no")));
  reconciler.start();
  await drain();
  assert.equal(check(), undefined);
  for (let i = 0; i < 8; i++) {
    await clock.advance(SECOND);
    await drain();
  }

  assert.deepEqual(check(), { severity: "degraded", reason: "a loop fails" });
  await reconciler[Symbol.asyncDispose]();
});

test("a loop that does not come back has failed within five seconds", async () => {
  const clock = new ManualClock();
  const dead = watched({ name: "l", every: SECOND, onError: () => {}, step: async () => "settled" }, clock);
  await dead.loop.step();

  await clock.advance(5 * SECOND);

  assert.deepEqual(dead.check(), { severity: "failed", reason: "a loop died" });
});
