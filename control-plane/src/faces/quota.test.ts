import assert from "node:assert/strict";
import { test } from "node:test";
import { SECOND } from "@edgemere/protocol/kit";
import { drain, ManualClock } from "@edgemere/protocol/simulated";
import type { Caller } from "../platform/caller.ts";
import { limitingActors } from "./quota.ts";

const by = (actor: string): Caller => ({ actor, via: "rest", permissions: [], requestId: "r" });
const greedy = by("token:greedy");

test("who asks too much in a second is sent away until there is room again, and nobody else is", async () => {
  const clock = new ManualClock();
  const dispatch = limitingActors({ dispatch: async () => "answered", clock, actions: [] });
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
  const dispatch = limitingActors({
    dispatch: (path) =>
      path === "slow" ? new Promise<void>((resolve) => ends.push(resolve)) : Promise.resolve("answered"),
    clock: new ManualClock(),
    actions: [],
  });
  const slow = Array.from({ length: 64 }, () => dispatch("slow", {}, greedy));

  await assert.rejects(dispatch("quick", {}, greedy), { type: "too-many-requests", retryAfter: 1 });
  assert.equal(await dispatch("quick", {}, by("token:other")), "answered");
  for (const end of ends) end();
  await Promise.all(slow);

  assert.equal(await dispatch("quick", {}, greedy), "answered");
});

test("requests that wait for something to happen keep nobody from other requests, and are bounded by themselves", async () => {
  const ends: (() => void)[] = [];
  const dispatch = limitingActors({
    dispatch: (path) =>
      path === "watch" ? new Promise<void>((resolve) => ends.push(resolve)) : Promise.resolve("answered"),
    clock: new ManualClock(),
    actions: [{ path: "watch", mayWait: true }],
  });
  const waiting = Array.from({ length: 256 }, () => dispatch("watch", {}, greedy));

  assert.equal(await dispatch("quick", {}, greedy), "answered");
  await assert.rejects(dispatch("watch", {}, greedy), { type: "too-many-requests", retryAfter: 1 });
  for (const end of ends) end();
  await Promise.all(waiting);
});

test("of what is dear two requests of one actor are worked on at a time and four of all, and whoever has no share yet is first", async () => {
  const [begun, ends]: [string[], (() => void)[]] = [[], []];
  const dispatch = limitingActors({
    dispatch: (_, __, { actor }) =>
      new Promise<void>((resolve) => {
        begun.push(actor);
        ends.push(resolve);
      }),
    clock: new ManualClock(),
    actions: [{ path: "dear", isDear: true }],
  });
  const asked = ["a", "a", "a", "a", "b", "c", "d"].map((actor) => dispatch("dear", {}, by(actor)));
  await drain();

  assert.deepEqual(begun, ["a", "a", "b", "c"]);
  for (let end = 0; end < asked.length; end++) {
    ends[end]?.();
    await drain();
  }
  await Promise.all(asked);

  assert.deepEqual(begun, ["a", "a", "b", "c", "a", "a", "d"]);
});
