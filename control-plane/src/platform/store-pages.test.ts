import assert from "node:assert/strict";
import { test } from "node:test";
import { ManualClock } from "@edgemere/protocol/simulated";
import { created, destroyed, put, putBytes } from "./change.ts";
import { databases } from "./database.test-support.ts";
import type { Database } from "./database.ts";
import { keyOf, rangeOf } from "./keys.ts";
import { aParcel, keptDatabase, notes, parcel } from "./sample-resource.test-support.ts";
import { Store } from "./store.ts";

const openStore = (database: Database = keptDatabase()) => Store.open(database, new ManualClock());
const idsOf = (rows: readonly { readonly id: string }[]) => rows.map(({ id }) => id);

for (const [name, open] of Object.entries(databases)) {
  test(`a store over ${name} pages through rows by id, forwards and backwards, without a gap or a double`, async (t) => {
    const store = await openStore(await open(t));
    const ids = Array.from({ length: 25 }, (_, i) => `p${String(i).padStart(2, "0")}`);
    await store.commit(...ids.map((id) => created(parcel, id, aParcel())));

    assert.deepEqual(await allPages(store, {}), ids);
    assert.deepEqual(await allPages(store, { reverse: true }), ids.toReversed());
  });
}

async function allPages(store: Store, options: Parameters<Store["list"]>[1], limit = 4): Promise<readonly string[]> {
  const ids: string[] = [];
  let cursor: string | undefined;
  do {
    const page = await store.list(parcel, { ...options, limit, cursor });
    ids.push(...idsOf(page.items));
    cursor = page.next;
  } while (cursor !== undefined);
  return ids;
}

async function weighed(...weights: readonly number[]): Promise<Store> {
  const store = await openStore();
  await store.commit(
    ...weights.map((weight, i) => created(parcel, `p${i}`, aParcel({ weight, tags: ["all", `${i % 2}`] }))),
  );
  return store;
}

test("rows are listed in the order of an index, and by part of it", async () => {
  const store = await weighed(10, 9, -1, 100);

  assert.deepEqual(await allPages(store, { index: "weight" }), ["p2", "p1", "p0", "p3"]);
  assert.deepEqual(await allPages(store, { index: "weight", prefix: ["packed"], reverse: true }), [
    "p3",
    "p0",
    "p1",
    "p2",
  ]);
  assert.deepEqual(await allPages(store, { index: "weight", prefix: ["sent"] }), []);
  assert.deepEqual(await allPages(store, { index: "tag", prefix: ["1"] }), ["p1", "p3"]);
});

test("a page knows whether there is another one, also when it is full to the last row", async () => {
  const store = await weighed(1, 2, 3);

  assert.equal((await store.list(parcel, { limit: 3 })).next, undefined);
  assert.notEqual((await store.list(parcel, { limit: 2 })).next, undefined);
});

test("when the row at a cursor is gone the next page begins with the row after it", async () => {
  const store = await weighed(1, 2, 3, 4);
  const { next } = await store.list(parcel, { limit: 1 });
  const gone = await store.get(parcel, "p1");
  assert.ok(gone);
  await store.commit(destroyed(parcel, gone));

  const page = await store.list(parcel, { cursor: next });

  assert.deepEqual(idsOf(page.items), ["p2", "p3"]);
});

test("a cursor of another list, or one that somebody made up, is refused", async () => {
  const store = await weighed(1, 2, 3);
  await store.commit(put(notes, { id: "n1", text: "x" }), put(notes, { id: "n2", text: "x" }));
  const refusal = {
    name: "InvalidCursor",
    message: "the cursor does not belong to this list; start again without one",
  };
  const other = (await store.list(notes, { limit: 1 })).next;
  const ofIndex = (await store.list(parcel, { index: "tag", prefix: ["0"], limit: 1 })).next;
  assert.ok(other && ofIndex);

  await assert.rejects(store.list(parcel, { cursor: other }), refusal);
  await assert.rejects(store.list(parcel, { cursor: ofIndex }), refusal);
  await assert.rejects(store.list(parcel, { cursor: ofIndex, index: "tag", prefix: ["1"] }), refusal);
  await assert.rejects(store.list(parcel, { cursor: "" }), refusal);
  await assert.rejects(store.list(parcel, { cursor: "!!!" }), refusal);
  await assert.rejects(store.list(parcel, { cursor: Buffer.from("\uffff").toString("base64url") }), refusal);
});

test("bytes are read between two keys, in order and backwards, and can be removed", async () => {
  const store = await openStore();
  await store.commit(...[3, 1, 2].map((n) => putBytes(keyOf("chunk", "d1", n), new Uint8Array([n]))));
  await store.commit(putBytes(keyOf("chunk", "d2", 1), new Uint8Array([9])));
  await store.commit(putBytes(keyOf("chunk", "d1", 2), undefined));
  const values = async (options: object) => {
    const found: number[] = [];
    for await (const [, [value = 0]] of store.bytesBetween({ ...rangeOf("chunk", "d1"), ...options }))
      found.push(value);
    return found;
  };

  assert.deepEqual(await values({}), [1, 3]);
  assert.deepEqual(await values({ reverse: true, limit: 1 }), [3]);
});

test("events are read from any number on, from memory as from the database", async () => {
  const database = keptDatabase();
  const store = await openStore(database);
  for (let i = 0; i < 30; i++)
    await store.commit(...Array.from({ length: 40 }, (_, j) => created(parcel, `p${i}-${j}`, aParcel())));
  const reopened = await openStore(database);
  const numbers = async (of: Store, after: number, limit?: number) =>
    (await of.events(after, limit)).map(({ number }) => number);

  // 2,400 events, of which the store remembers 2,000.
  for (const after of [0, 1, 399, 400, 401, 2_398, 2_399, 2_400, 5_000]) {
    const expected = Array.from({ length: 2_400 }, (_, i) => i + 1).filter((number) => number > after);
    assert.deepEqual(await numbers(store, after), expected.slice(0, 500));
    assert.deepEqual(await numbers(reopened, after), expected.slice(0, 500));
    assert.deepEqual(await numbers(store, after, 3), expected.slice(0, 3));
  }
});
