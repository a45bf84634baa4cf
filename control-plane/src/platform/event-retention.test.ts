import assert from "node:assert/strict";
import { test } from "node:test";
import { silentLog, DAY } from "@edgemere/protocol/kit";
import { ManualClock } from "@edgemere/protocol/simulated";
import { created } from "./change.ts";
import { forgetOldEvents, forgottenUpTo, refuseForgotten } from "./event-retention.ts";
import { eventsAbout } from "./event-story.ts";
import { lastNumberPart, rangeOf } from "./keys.ts";
import { aParcel, keptDatabase, parcel } from "./sample-resource.test-support.ts";
import { Store } from "./store.ts";

/** A log in which something happens once a day, and what forgets all of it that is older than ten days. */
async function aLog({ days = 20, passed = Infinity } = {}) {
  const clock = new ManualClock();
  const database = keptDatabase();
  const store = await Store.open(database, clock);
  for (let day = 0; day < days; day++) {
    await store.commit(created(parcel, `p${day}`, aParcel(), "sent"));
    await clock.advance(DAY);
  }
  const loop = forgetOldEvents({
    store,
    bus: { passed },
    clock,
    log: silentLog,
    resources: [parcel],
    keepFor: 10 * DAY,
  });
  const numbers = async () => (await (await Store.open(database, clock)).events(0)).map(({ number }) => number);
  return { store, loop, numbers, database, clock };
}
const from = (first: number, last: number) => Array.from({ length: last - first + 1 }, (_, i) => first + i);

test("events that are older than they are kept are forgotten, and it is known up to where", async () => {
  const { loop, numbers, store } = await aLog();

  assert.equal(await loop.step(), "settled");

  // Two events a day: a parcel is made, and it is sent.
  assert.deepEqual(await numbers(), from(21, 40));
  assert.equal(await forgottenUpTo(store), 20);
});

test("what is forgotten of a row's story leaves no trace of it, and what is kept is found", async () => {
  const { loop, database, store } = await aLog();
  await loop.step();
  const kept: number[] = [];
  for await (const key of database.keys(rangeOf("about"))) kept.push(lastNumberPart(key));
  const told = async (id: string) => {
    const numbers: number[] = [];
    for await (const { number } of eventsAbout(parcel, id, { step: 10 }, store)) numbers.push(number);
    return numbers;
  };

  assert.deepEqual(
    kept.toSorted((one, other) => one - other),
    from(21, 40),
  );
  assert.deepEqual([await told("p9"), await told("p10")], [[], [22, 21]]);
});

test("an event that a reaction has not passed is kept, however old it is", async () => {
  const { loop, numbers } = await aLog({ passed: 6 });

  await loop.step();

  assert.deepEqual(await numbers(), from(7, 40));
});

test("the newest event is kept for its number: the next one follows it after a restart", async () => {
  const { loop, clock, database } = await aLog({ days: 1 });
  await clock.advance(100 * DAY);

  await loop.step();

  assert.equal((await Store.open(database, clock)).lastNumber, 2);
});

test("whoever asks for events that are gone is told so, and from where on there are some", async () => {
  const { loop, store } = await aLog();
  await loop.step();

  await assert.rejects(refuseForgotten(store, 19), {
    type: "gone",
    message: /events up to 20 are no longer kept; ask for those after 20/,
  });
  await assert.doesNotReject(refuseForgotten(store, 20));
});
