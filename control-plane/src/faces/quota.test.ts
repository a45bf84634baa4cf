import assert from "node:assert/strict";
import { test } from "node:test";
import { SECOND } from "@edgemere/protocol/kit";
import { ManualClock } from "@edgemere/protocol/simulated";
import type { Caller } from "../platform/caller.ts";
import { limitingActors } from "./quota.ts";

const by = (actor: string): Caller => ({ actor, via: "rest", permissions: [], requestId: "r" });
const greedy = by("token:greedy");

test("who asks too much in a second is sent away until there is room again, and nobody else is", async () => {
  const clock = new ManualClock();
  const dispatch = limitingActors(async () => "answered", clock);
  const ask = async (caller: Caller) => dispatch("x", {}, caller).catch(({ type }: { type: string }) => type);

  const answers: unknown[] = [];
  for (let asked = 0; asked < 2_001; asked++) answers.push(await ask(greedy));

  assert.deepEqual([answers.at(-2), answers.at(-1)], ["answered", "too-many-requests"]);
  assert.deepEqual([await ask(by("token:other")), await ask(by("nobody"))], ["answered", "answered"]);
  await clock.advance(SECOND);
  assert.equal(await ask(greedy), "answered");
});

test("who leaves too many requests unanswered waits for them, and nobody else does", async () => {
  const ends: (() => void)[] = [];
  const dispatch = limitingActors(
    (path) => (path === "slow" ? new Promise<void>((resolve) => ends.push(resolve)) : Promise.resolve("answered")),
    new ManualClock(),
  );
  const slow = Array.from({ length: 64 }, () => dispatch("slow", {}, greedy));

  await assert.rejects(dispatch("quick", {}, greedy), { type: "too-many-requests", retryAfter: 1 });
  assert.equal(await dispatch("quick", {}, by("token:other")), "answered");
  for (const end of ends) end();
  await Promise.all(slow);

  assert.equal(await dispatch("quick", {}, greedy), "answered");
});
