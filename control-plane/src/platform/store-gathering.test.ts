import assert from "node:assert/strict";
import { test } from "node:test";
import { ManualClock } from "@edgemere/protocol/simulated";
import { put } from "./change.ts";
import { keptDatabase, notes } from "./sample-resource.test-support.ts";
import { Store } from "./store.ts";

const note = (id: string) => put(notes, { id, text: id });

/** A store that lets what may wait do so for 20 ms, and how many operations each batch had. */
async function gathering() {
  const clock = new ManualClock();
  const database = keptDatabase();
  const batches: number[] = [];
  const counted = {
    ...database,
    batch: async (operations: Parameters<typeof database.batch>[0]) => {
      await database.batch(operations);
      batches.push(operations.filter(({ key }) => key.includes("row")).length);
    },
  };
  return { clock, batches, store: await Store.open(counted, clock, { gatherFor: 20 }) };
}

test("what may wait is synced with what comes within its time, and with nothing before", async () => {
  const { clock, batches, store } = await gathering();
  const first = store.commitWithOthers(note("n1"));
  await clock.advance(15);
  const second = store.commitWithOthers(note("n2"));
  assert.deepEqual(batches, []);

  await clock.advance(5);
  await Promise.all([first, second]);

  assert.deepEqual(batches, [2]);
});

test("a commit that somebody waits for is written at once, and takes with it what was waiting", async () => {
  const { batches, store } = await gathering();
  const patient = store.commitWithOthers(note("n1"));

  await store.commit(note("n2"));
  await patient;

  assert.deepEqual(batches, [2]);
});

test("what comes while a batch is written waits for others as well", async () => {
  const { clock, batches, store } = await gathering();
  const urgent = store.commit(note("n1"));
  await Promise.resolve();
  await Promise.resolve();
  const patient = store.commitWithOthers(note("n2"));
  await urgent;
  assert.deepEqual(batches, [1]);

  await clock.advance(20);
  await patient;

  assert.deepEqual(batches, [1, 1]);
});

test("so many that they make a good batch wait no longer", async () => {
  const { batches, store } = await gathering();

  await Promise.all(Array.from({ length: 256 }, (_, place) => store.commitWithOthers(note(`n${place}`))));

  assert.deepEqual(batches, [256]);
});

test("a store that is closed waits for nobody, and writes what it was given", async () => {
  const { batches, store } = await gathering();
  const patient = store.commitWithOthers(note("n1"));

  await store[Symbol.asyncDispose]();
  await patient;

  assert.deepEqual(batches, [1]);
});
