import assert from "node:assert/strict";
import { test } from "node:test";
import * as fc from "fast-check";
import { ManualClock } from "@edgemere/protocol/simulated";
import { checkedDatabase } from "./checked-database.ts";
import { checkedValue, DamagedValue, readable, withChecksum } from "./checksum.ts";
import { created, moved, put } from "./change.ts";
import { rawMemoryDatabase } from "./database.ts";
import { keyOf } from "./keys.ts";
import { aParcel, notes, parcel } from "./sample-resource.test-support.ts";
import { Store } from "./store.ts";

const flipped = (bytes: Uint8Array, bit: number): Uint8Array =>
  bytes.map((byte, i) => (i === bit >> 3 ? byte ^ (1 << (bit & 7)) : byte));

test("a value comes back, whatever it is", () => {
  fc.assert(
    fc.property(fc.string({ unit: "binary" }), fc.uint8Array(), (key, value) => {
      assert.deepEqual(checkedValue(key, withChecksum(key, value)), value);
    }),
  );
});

test("a value in which any one bit turned is told from a sound one", () => {
  const stored = withChecksum("k", Buffer.from('{"id":"d1","state":"active"}'));

  for (let bit = 0; bit < stored.length * 8; bit++) assert.equal(checkedValue("k", flipped(stored, bit)), undefined);
});

test("a value is told from one that is cut, empty, or stands under another key", () => {
  const stored = withChecksum("k", Buffer.from("value"));

  for (let end = 0; end < stored.length; end++) assert.equal(checkedValue("k", stored.subarray(0, end)), undefined);
  assert.equal(checkedValue("l", stored), undefined);
});

/** A store of three notes, the second of which is damaged. */
async function damagedStore() {
  const raw = rawMemoryDatabase();
  const database = checkedDatabase(raw);
  const store = await Store.open(database, new ManualClock());
  for (const id of ["n1", "n2", "n3"]) await store.commit(put(notes, { id, text: id }));
  const key = keyOf("row", "note", "n2");
  const stored = await raw.get(key);
  assert.ok(stored);
  await raw.batch([{ type: "put", key, value: flipped(stored, 9) }]);
  return { store, database, key };
}

test("who asks for a damaged value is told which one it is and what to do", async () => {
  const { store, key, database } = await damagedStore();

  await assert.rejects(store.get(notes, "n2"), (error: Error) => {
    assert.ok(error instanceof DamagedValue);
    assert.equal(error.key, key);
    assert.match(error.message, /row\/note\/n2 is damaged: check the disk, then restore a backup/);
    return true;
  });
  await assert.rejects(database.getMany([key]), DamagedValue);
});

test("a list goes on without a damaged value, and the database knows of it", async () => {
  const { store, database, key } = await damagedStore();

  assert.deepEqual(
    (await store.list(notes)).items.map(({ id }) => id),
    ["n1", "n3"],
  );
  assert.deepEqual([...database.damaged], [key]);
});

test("a value that is written anew is sound again", async () => {
  const { store, database, key } = await damagedStore();
  await store.list(notes);

  await database.batch([{ type: "put", key, value: Buffer.from('{"id":"n2","text":"new"}') }]);

  assert.deepEqual(await store.get(notes, "n2"), { id: "n2", text: "new" });
  assert.equal(database.damaged.size, 0);
});

test("a snapshot holds what was there when it was taken", async () => {
  const database = checkedDatabase(rawMemoryDatabase());
  await database.batch([{ type: "put", key: "a", value: Buffer.from("1") }]);
  await using snapshot = database.snapshot();

  await database.batch([
    { type: "put", key: "a", value: Buffer.from("2") },
    { type: "put", key: "b", value: Buffer.from("1") },
  ]);

  const found: string[] = [];
  for await (const [key, value] of snapshot.entries({})) found.push(`${key}=${Buffer.from(value).toString()}`);
  assert.deepEqual(found, ["a=1"]);
});

test("a key is shown without the signs that keep its order", () => {
  assert.equal(readable(keyOf("row", "note", "n\n1")), "row/note/n?1");
});

test("of commits at the same moment only the one fails that looks at a damaged value", async () => {
  const raw = rawMemoryDatabase();
  const before = await Store.open(checkedDatabase(raw), new ManualClock());
  await before.commit(...["p1", "p2"].map((id) => created(parcel, id, aParcel())));
  const [one, two] = await Promise.all(["p1", "p2"].map((id) => before.get(parcel, id)));
  const key = keyOf("row", "parcel", "p1");
  const stored = await raw.get(key);
  assert.ok(one && two && stored);
  await raw.batch([{ type: "put", key, value: flipped(stored, 9) }]);
  const store = await Store.open(checkedDatabase(raw), new ManualClock());

  const outcomes = await Promise.allSettled([one, two].map((row) => store.commit(moved(parcel, row, "send"))));
  await store.commit(created(parcel, "p3", aParcel()));

  assert.deepEqual(
    outcomes.map(({ status }) => status),
    ["rejected", "fulfilled"],
  );
  assert.deepEqual(
    [(await store.get(parcel, "p2"))?.state, (await store.get(parcel, "p3"))?.state],
    ["sent", "packed"],
  );
});
