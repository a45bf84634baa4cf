import assert from "node:assert/strict";
import { test } from "node:test";
import { MINUTE, SECOND } from "./clock.ts";
import { Reconciler, type Loop } from "./reconciler.ts";
import { drain, ManualClock } from "./simulated/index.ts";

type Outcome = Awaited<ReturnType<Loop["step"]>> | Error;

/** A loop that ends its looks as told, then settled for ever. */
function aLoop(...outcomes: readonly Outcome[]) {
  const clock = new ManualClock();
  const looks: number[] = [];
  const errors: unknown[] = [];
  const loop: Loop = {
    name: "try",
    every: MINUTE,
    onError: (error) => errors.push(error),
    step: async () => {
      const outcome = outcomes[looks.length] ?? "settled";
      looks.push(clock.monotonic());
      if (outcome instanceof Error) throw outcome;
      return outcome;
    },
  };
  return { clock, looks, errors, reconciler: new Reconciler(loop, clock) };
}

test("a loop looks when it starts and then once a pause", async () => {
  const { clock, looks, reconciler } = aLoop();
  await using _ = reconciler;

  reconciler.start();
  await clock.advance(2 * MINUTE);

  assert.deepEqual(looks, [0, MINUTE, 2 * MINUTE]);
});

test("as long as there is more to do a loop does not pause", async () => {
  const { clock, looks, reconciler } = aLoop("more", "more", "more", "settled");
  await using _ = reconciler;

  reconciler.start();
  await drain();

  assert.deepEqual(looks, [0, 0, 0, 0]);
  assert.equal(clock.nextDue, MINUTE);
});

test("a kick ends the pause", async () => {
  const { clock, looks, reconciler } = aLoop();
  await using _ = reconciler;
  reconciler.start();
  await clock.advance(SECOND);

  reconciler.kick();
  await drain();

  assert.deepEqual(looks, [0, SECOND]);
});

test("many kicks in a pause are one", async () => {
  const { clock, looks, reconciler } = aLoop();
  await using _ = reconciler;
  reconciler.start();
  await clock.advance(SECOND);

  reconciler.kick();
  reconciler.kick();
  reconciler.kick();
  await drain();

  assert.deepEqual(looks, [0, SECOND]);
});

test("a kick during a look is not lost: there is another look at once", async () => {
  const clock = new ManualClock();
  let looks = 0;
  const reconciler = new Reconciler(
    {
      name: "try",
      every: MINUTE,
      onError: () => {},
      step: async () => {
        looks++;
        await clock.sleep(SECOND);
        return "settled";
      },
    },
    clock,
  );
  await using _ = reconciler;
  reconciler.start();
  await drain();

  reconciler.kick();
  await clock.advance(2 * SECOND);

  assert.equal(looks, 2);
  await clock.advance(SECOND);
});

test("a kick before the start does no harm", async () => {
  const { looks, reconciler } = aLoop();
  await using _ = reconciler;

  reconciler.kick();
  reconciler.start();
  await drain();

  assert.deepEqual(looks, [0]);
});

test("a second start starts nothing", async () => {
  const { looks, reconciler } = aLoop();
  await using _ = reconciler;

  reconciler.start();
  reconciler.start();
  await drain();

  assert.deepEqual(looks, [0]);
});

test("a failed look is told and repeated after a pause that doubles up to ten times its length", async () => {
  const failure = new Error("out of order");
  const { clock, looks, errors, reconciler } = aLoop(...Array.from({ length: 7 }, () => failure));
  await using _ = reconciler;

  reconciler.start();
  await clock.advance(100 * MINUTE);

  const pauses = looks.slice(1, 8).map((at, i) => (at - (looks[i] ?? 0)) / MINUTE);
  assert.deepEqual(pauses, [1, 2, 4, 8, 10, 10, 10]);
  assert.deepEqual(
    errors,
    Array.from({ length: 7 }, () => failure),
  );
});

test("one look that does not fail makes the pause short again", async () => {
  const failure = new Error("out of order");
  const { clock, looks, reconciler } = aLoop(failure, failure, "settled", failure);
  await using _ = reconciler;

  reconciler.start();
  await clock.advance(5 * MINUTE);

  assert.deepEqual(
    looks,
    [0, 1, 3, 4, 5].map((minutes) => minutes * MINUTE),
  );
});

test("a loop that was disposed of looks no more", async () => {
  const { clock, looks, reconciler } = aLoop();
  reconciler.start();
  await drain();

  await reconciler[Symbol.asyncDispose]();
  await clock.advance(10 * MINUTE);

  assert.deepEqual(looks, [0]);
  assert.equal(clock.nextDue, undefined);
});

test("who disposes of a loop waits for the look that is under way", async () => {
  const clock = new ManualClock();
  let isDone = false;
  const reconciler = new Reconciler(
    {
      name: "try",
      every: MINUTE,
      onError: () => {},
      step: async () => {
        await clock.sleep(SECOND);
        isDone = true;
        return "more";
      },
    },
    clock,
  );
  reconciler.start();
  await drain();

  const disposed = reconciler[Symbol.asyncDispose]();
  assert.equal(isDone, false);
  await clock.advance(SECOND);
  await disposed;

  assert.equal(isDone, true);
  assert.equal(clock.nextDue, undefined);
});

test("a loop that never started is disposed of at once", async () => {
  await assert.doesNotReject(aLoop().reconciler[Symbol.asyncDispose]());
});
