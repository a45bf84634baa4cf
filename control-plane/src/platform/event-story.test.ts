import assert from "node:assert/strict";
import { test } from "node:test";
import { Type } from "@sinclair/typebox";
import { ManualClock } from "@edgemere/protocol/simulated";
import { created, moved, telling, updated } from "./change.ts";
import type { Database } from "./database.ts";
import { eventsAbout } from "./event-story.ts";
import { rangeOf } from "./keys.ts";
import { resource } from "./resource.ts";
import { aParcel, keptDatabase, notes, parcel } from "./sample-resource.test-support.ts";
import { Store } from "./store.ts";

const OTHERS = 6_000;

/** A log in which one parcel goes its way among thousands, opened anew, and how many entries are read from it. */
async function aBusyLog() {
  const kept = keptDatabase();
  const clock = new ManualClock();
  const before = await Store.open(kept, clock);
  const others = async (from: string) => {
    const all = Array.from({ length: OTHERS }, (_, i) => before.commit(created(parcel, `${from}${i}`, aParcel())));
    await Promise.all(all);
  };
  await before.commit(created(parcel, "mine", aParcel()));
  await others("a");
  const row = await before.get(parcel, "mine");
  if (row === undefined) throw new Error("the parcel is not there");
  await before.commit(moved(parcel, row, "send"));
  await others("b");
  let read = 0;
  const counting: Database = {
    ...kept,
    async *entries(range) {
      for await (const entry of kept.entries(range)) {
        read++;
        yield entry;
      }
    },
  };
  return { store: await Store.open(counting, clock), entriesRead: () => read };
}

async function typesOf(events: AsyncIterable<{ readonly type: string }>): Promise<readonly string[]> {
  const types: string[] = [];
  for await (const { type } of events) types.push(type);
  return types;
}

test("what happened to a row is found among thousands of others by reading that alone: an entry and an event for each", async () => {
  const { store, entriesRead } = await aBusyLog();

  assert.deepEqual(await typesOf(eventsAbout(parcel, "mine", { step: 50 }, store)), ["parcel.sent", "parcel.create"]);
  assert.equal(entriesRead(), 4);
});

for (const step of [1, 2, 3])
  test(`it comes newest first, or oldest first after a number, with ${step} at a time`, async () => {
    const { store } = await aBusyLog();
    const first = (await store.events(0, 1))[0]?.number ?? 0;

    const newest = await typesOf(eventsAbout(parcel, "mine", { step }, store));
    const all = await typesOf(eventsAbout(parcel, "mine", { after: 0, step }, store));
    const later = await typesOf(eventsAbout(parcel, "mine", { after: first, step }, store));

    assert.deepEqual(newest, ["parcel.sent", "parcel.create"]);
    assert.deepEqual(all, ["parcel.create", "parcel.sent"]);
    assert.deepEqual(later, ["parcel.sent"]);
    assert.deepEqual(await typesOf(eventsAbout(parcel, "mine", { upTo: first, step }, store)), ["parcel.create"]);
  });

test("what happens to a row of another class is part of the story of the row that it names, and of no story where it names none", async () => {
  const seal = resource({
    name: "seal",
    summary: "It closes a parcel",
    shape: Type.Object({ parcel: Type.Optional(Type.String()) }),
    story: ["create"],
    storyOf: ({ parcel: id }) => (id === undefined ? undefined : { name: parcel.name, id }),
  });
  const database = keptDatabase();
  const store = await Store.open(database, new ManualClock());
  await store.commit(created(parcel, "mine", aParcel()), created(parcel, "s1", aParcel()));
  await store.commit(created(seal, "s1", { parcel: "mine" }), created(seal, "s2", {}));

  assert.deepEqual(await typesOf(eventsAbout(parcel, "mine", { step: 5 }, store)), ["seal.create", "parcel.create"]);
  assert.deepEqual(await typesOf(eventsAbout(parcel, "s1", { step: 5 }, store)), ["parcel.create"]);
  assert.deepEqual(await typesOf(eventsAbout(seal, "s1", { step: 5 }, store)), []);
});

test("what comes again and again has no entry: neither that a row was updated nor what is told beside it", async () => {
  const database = keptDatabase();
  const store = await Store.open(database, new ManualClock());
  await store.commit(created(parcel, "mine", aParcel()));
  const row = await store.get(parcel, "mine");
  if (row === undefined) throw new Error("the parcel is not there");
  await store.commit(updated(parcel, row, { weight: 2 }));
  await store.commit(telling({ resource: parcel, row, more: {}, news: "weighed" }, notes, { id: "n", text: "" }));

  const entries: string[] = [];
  for await (const key of database.keys(rangeOf("about"))) entries.push(key);
  assert.equal(entries.length, 1);
  assert.deepEqual(
    (await store.events(0)).map(({ type }) => type),
    ["parcel.create", "parcel.packed", "parcel.updated", "parcel.weighed"],
  );
});

test("nobody reaches the story of another row by a name with signs in it", async () => {
  const database = keptDatabase();
  const store = await Store.open(database, new ManualClock());
  for (const id of ["p", "p\u0000", "p\u0001", "p\u0000n"]) await store.commit(created(parcel, id, aParcel()));

  for (const id of ["p", "p\u0000", "p\u0001", "p\u0000n"])
    assert.equal((await typesOf(eventsAbout(parcel, id, { step: 9 }, store))).length, 1);
});
