import assert from "node:assert/strict";
import { test } from "node:test";
import { ManualClock } from "@edgemere/protocol/simulated";
import { created, destroyed, moved, put, putBytes, updated } from "./change.ts";
import type { Database, Operation } from "./database.ts";
import { keyOf } from "./keys.ts";
import { aParcel, contentOf, keptDatabase, notes, parcel, type Parcel } from "./sample-resource.test-support.ts";
import { Store } from "./store.ts";

const openStore = (database: Database = keptDatabase()) => Store.open(database, new ManualClock());
const idsOf = (rows: readonly { readonly id: string }[]) => rows.map(({ id }) => id);
const get = async (store: Store, id: string): Promise<Parcel> => {
  const row = await store.get(parcel, id);
  assert.ok(row);
  return row;
};
const typesOf = async (store: Store, after = 0) => (await store.events(after)).map(({ type }) => type);

test("a row is read as it was committed, with its instants", async () => {
  const clock = new ManualClock();
  const store = await Store.open(keptDatabase(), clock);
  const createdAt = clock.now();
  await store.commit(created(parcel, "p1", aParcel()));
  await clock.advance(1_000);

  await store.commit(moved(parcel, await get(store, "p1"), "send"));

  const row = { ...aParcel(), id: "p1", state: "sent", version: 2, createdAt, updatedAt: createdAt + 1_000 };
  assert.deepEqual(await get(store, "p1"), row);
});

test("a row of a plain table is kept exactly as it was given", async () => {
  const store = await openStore();

  await store.commit(put(notes, { id: "n1", text: "x" }));

  assert.deepEqual(await store.get(notes, "n1"), { id: "n1", text: "x" });
});

test("a table does not see the rows of another, not even of one whose name begins like its own", async () => {
  const store = await openStore();
  const longer = { ...notes, name: "notebook" };

  await store.commit(put(notes, { id: "n1", text: "x" }), put(longer, { id: "n2", text: "x" }));

  assert.deepEqual(idsOf((await store.list(notes)).items), ["n1"]);
  assert.equal(await store.get(notes, "n2"), undefined);
});

test("a commit of many changes lands whole, with one event after another", async () => {
  const store = await openStore();

  await store.commit(
    created(parcel, "p1", aParcel()),
    created(parcel, "p2", aParcel(), "sent"),
    put(notes, { id: "n1", text: "both packed" }),
    putBytes(keyOf("bytes", 1), new Uint8Array([1, 2, 3])),
  );

  assert.deepEqual(await typesOf(store), ["parcel.create", "parcel.packed", "parcel.create", "parcel.sent"]);
  assert.deepEqual(await store.bytes(keyOf("bytes", 1)), new Uint8Array([1, 2, 3]));
});

test("a commit with one conflict lands not at all, and no number is lost", async () => {
  const database = keptDatabase();
  const store = await openStore(database);
  await store.commit(created(parcel, "p1", aParcel()));
  const before = await contentOf(database);

  const commit = store.commit(
    created(parcel, "p2", aParcel()),
    put(notes, { id: "n1", text: "x" }),
    putBytes(keyOf("bytes", 1), new Uint8Array([1])),
    created(parcel, "p1", aParcel()),
  );

  await assert.rejects(commit, { name: "Conflict", message: 'there is already a parcel "p1"' });
  assert.equal(await contentOf(database), before);
  assert.equal(store.lastNumber, 2);
});

test("who looked at a row before somebody else changed it is told to look again", async () => {
  const store = await openStore();
  await store.commit(created(parcel, "p1", aParcel()));
  const row = await get(store, "p1");
  await store.commit(moved(parcel, row, "send"));
  const late = {
    name: "Conflict",
    message: 'the parcel "p1" changed meanwhile; look again and repeat',
  };

  await assert.rejects(store.commit(moved(parcel, row, "lose")), late);
  await assert.rejects(store.commit(updated(parcel, row, { weight: 2 })), late);
  await assert.rejects(store.commit(destroyed(parcel, row)), late);
  assert.equal((await get(store, "p1")).state, "sent");
});

test("a row that was destroyed cannot be changed any more, and its id may be taken again", async () => {
  const store = await openStore();
  await store.commit(created(parcel, "p1", aParcel()));
  const row = await get(store, "p1");
  await store.commit(destroyed(parcel, row));

  await assert.rejects(store.commit(moved(parcel, row, "send")), { name: "Conflict" });
  await assert.doesNotReject(store.commit(created(parcel, "p1", aParcel())));
});

test("changes of one commit see the earlier ones of the same commit", async () => {
  const store = await openStore();
  const fresh = { ...aParcel(), id: "p1", state: "packed", version: 1, createdAt: 0, updatedAt: 0 } as const;

  await store.commit(created(parcel, "p1", aParcel()), moved(parcel, fresh, "send"));

  assert.deepEqual([(await get(store, "p1")).state, (await get(store, "p1")).version], ["sent", 2]);
});

/** A database that counts its batches and lets a test decide when, and whether, each of them ends. */
function watched(inner = keptDatabase()) {
  const batches: (readonly Operation[])[] = [];
  let gate: Promise<void> = Promise.resolve();
  const database: Database = {
    ...inner,
    batch: async (operations) => {
      batches.push(operations);
      await gate;
      await inner.batch(operations);
    },
  };
  /** The next batch ends when the test says how. */
  const hold = () => {
    let release = () => {};
    let fail = () => {};
    gate = new Promise((resolve, reject) => {
      release = resolve;
      fail = () => reject(new Error("the disk is gone"));
    });
    return { release, fail };
  };
  return { database, batches, hold };
}

test("commits of the same moment share one batch", async () => {
  const { database, batches } = watched();
  const store = await openStore(database);

  await Promise.all(Array.from({ length: 100 }, (_, i) => store.commit(created(parcel, `p${i}`, aParcel()))));

  assert.equal(batches.length, 1);
  assert.equal(store.lastNumber, 200);
});

test("commits that come while a batch is being written share the next", async () => {
  const { database, batches, hold } = watched();
  const store = await openStore(database);
  const { release } = hold();
  const first = store.commit(created(parcel, "p1", aParcel()));
  while (batches.length === 0) await Promise.resolve();

  const others = ["p2", "p3", "p4"].map((id) => store.commit(created(parcel, id, aParcel())));
  release();
  await Promise.all([first, ...others]);

  assert.equal(batches.length, 2);
});

test("of commits of the same moment that want the same row one wins, and the others fail alone", async () => {
  const { database, batches } = watched();
  const store = await openStore(database);
  const names = ["one", "two", "three"];

  const outcomes = await Promise.allSettled(
    names.map((name) => store.commit(created(parcel, "p1", aParcel({ name })), put(notes, { id: name, text: name }))),
  );

  assert.deepEqual(
    outcomes.map(({ status }) => status),
    ["fulfilled", "rejected", "rejected"],
  );
  assert.equal((await get(store, "p1")).name, "one");
  assert.deepEqual(idsOf((await store.list(notes)).items), ["one"]);
  assert.deepEqual([batches.length, store.lastNumber], [1, 2]);
});

test("a commit resolves, and tells of itself, only when it is durable", async () => {
  const { database, batches, hold } = watched();
  const store = await openStore(database);
  const { release } = hold();
  let told = 0;
  let isDone = false;
  store.onCommit(() => told++);
  const commit = store.commit(created(parcel, "p1", aParcel())).then(() => (isDone = true));
  while (batches.length === 0) await Promise.resolve();

  assert.deepEqual([isDone, told, store.lastNumber], [false, 0, 0]);
  assert.deepEqual(await store.events(0), []);
  release();
  await commit;

  assert.deepEqual([isDone, told, store.lastNumber], [true, 1, 2]);
});

test("a commit without news tells nobody, and whoever stopped listening hears no more", async () => {
  const store = await openStore();
  let told = 0;
  const stop = store.onCommit(() => told++);

  await store.commit(put(notes, { id: "n1", text: "x" }));
  assert.equal(told, 0);
  await store.commit(created(parcel, "p1", aParcel()));
  assert.equal(told, 1);
  stop();
  await store.commit(created(parcel, "p2", aParcel()));
  assert.equal(told, 1);
});

test("after a failed write the store takes no more, not even what was waiting behind it", async () => {
  const { database, batches, hold } = watched();
  const store = await openStore(database);
  const { fail } = hold();
  const first = store.commit(created(parcel, "p1", aParcel()));
  while (batches.length === 0) await Promise.resolve();
  const waiting = store.commit(created(parcel, "p2", aParcel()));

  fail();

  const [failed, behind] = await Promise.allSettled([first, waiting]);
  assert.match(String(failed.status === "rejected" && failed.reason), /the disk is gone/);
  assert.match(String(behind.status === "rejected" && behind.reason), /the store failed and takes no more writes/);
  await assert.rejects(store.commit(created(parcel, "p3", aParcel())), /the store failed and takes no more writes/);
  assert.equal(store.isBroken, true);
  assert.equal(batches.length, 1);
});

test("after a failed write and a look at what landed, a store goes on with the next number", async () => {
  const inner = keptDatabase();
  let isFailing = false;
  // The write that is told as failed is on the disk all the same.
  const database: Database = {
    ...inner,
    batch: async (operations) => {
      await inner.batch(operations);
      if (isFailing) throw new Error("the disk is gone");
    },
  };
  const store = await openStore(database);
  await store.commit(created(parcel, "p1", aParcel()));
  isFailing = true;
  await assert.rejects(store.commit(created(parcel, "p2", aParcel())), /the disk is gone/);
  isFailing = false;
  let told = 0;
  store.onCommit(() => told++);

  await store.recover();
  await store.commit(created(parcel, "p3", aParcel()));

  assert.equal(store.isBroken, false);
  assert.equal(told, 2);
  assert.deepEqual(
    (await store.events(0)).map(({ number, subject }) => `${number} ${subject}`),
    ["1 p1", "2 p1", "3 p2", "4 p2", "5 p3", "6 p3"],
  );
});

test("a store that is opened again goes on with the next number", async () => {
  const database = keptDatabase();
  const before = await openStore(database);
  await before.commit(created(parcel, "p1", aParcel()));
  await before[Symbol.asyncDispose]();

  const after = await openStore(database);
  await after.commit(created(parcel, "p2", aParcel()));

  assert.deepEqual(
    (await after.events(0)).map(({ number, type, subject }) => [number, type, subject]),
    [
      [1, "parcel.create", "p1"],
      [2, "parcel.packed", "p1"],
      [3, "parcel.create", "p2"],
      [4, "parcel.packed", "p2"],
    ],
  );
});

test("an event tells of the row as it was committed, and of a destroyed one as it last was, without secrets", async () => {
  const database = keptDatabase();
  const store = await openStore(database);
  await store.commit(created(parcel, "p1", aParcel({ combination: "31415", weight: 7 })));
  await store.commit(destroyed(parcel, await get(store, "p1")));

  const events = await store.events(0);

  assert.deepEqual(
    events.map(({ type, subject, data }) => [type, subject, data["weight"], data["combination"]]),
    [
      ["parcel.create", "p1", 7, undefined],
      ["parcel.packed", "p1", 7, undefined],
      ["parcel.destroy", "p1", 7, undefined],
    ],
  );
  assert.doesNotMatch(await contentOf(database), /31415/);
});
