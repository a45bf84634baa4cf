import assert from "node:assert/strict";
import test from "node:test";
import { drain, ManualClock } from "@edgemere/protocol/simulated";
import { created } from "../platform/change.ts";
import { lamp, someParts } from "./faces.test-support.ts";
import { follow } from "./subscription.ts";

async function aFollower(after: number, accept: () => Promise<void> = async () => {}) {
  const clock = new ManualClock();
  const { store } = await someParts(clock);
  const stop = new AbortController();
  const batches: number[][] = [];
  const add = async (...names: readonly string[]) =>
    store.commit(...names.map((name) => created(lamp, name, { name, pin: "1" })));
  const start = () =>
    follow({
      store,
      clock,
      after,
      isWanted: () => true,
      deliver: async (events) => {
        batches.push(events.map(({ number }) => number));
        await accept();
      },
      signal: stop.signal,
    });
  return { clock, add, start, stop, batches };
}

test("the first after a pause is told at once, and what follows within a few moments travels in one batch", async () => {
  const { clock, add, start, stop, batches } = await aFollower(0);
  const running = start();
  await clock.advance(1_000);
  await add("a");
  await drain();
  assert.deepEqual(batches, [[1]]);
  await add("b");
  await drain();
  await add("c");

  await clock.advance(100);

  assert.deepEqual(batches, [[1], [2, 3]]);
  stop.abort();
  await running;
});

test("a long backlog comes in batches of at most two hundred, without holes", async () => {
  const { clock, add, start, stop, batches } = await aFollower(5);
  await add(...Array.from({ length: 450 }, (_, number) => `lamp ${number}`));

  const running = start();
  await clock.advance(1_000);

  assert.deepEqual(
    batches.map((each) => [each[0], each.length]),
    [
      [6, 200],
      [206, 200],
      [406, 45],
    ],
  );
  stop.abort();
  await running;
});

test("following ends with its signal, also while nothing happens", async () => {
  const { start, stop, batches } = await aFollower(0);
  const running = start();
  await drain();

  stop.abort();
  await running;

  assert.deepEqual(batches, []);
});
