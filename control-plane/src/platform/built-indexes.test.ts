import assert from "node:assert/strict";
import { test } from "node:test";
import { ManualClock } from "@edgemere/protocol/simulated";
import { buildIndexes } from "./built-indexes.ts";
import { put, removed } from "./change.ts";
import { aFolder } from "./database.test-support.ts";
import type { Database } from "./database.ts";
import { keyOf, rangeOf } from "./keys.ts";
import { levelDatabase } from "./level-database.ts";
import {
  aParcel,
  contentOf,
  keptDatabase,
  notes,
  parcel,
  type Note,
  type Parcel,
} from "./sample-resource.test-support.ts";
import { Store } from "./store.ts";
import type { Indexes, Table } from "./resource.ts";

const ROWS = 4_500;
const clock = new ManualClock();
const notesWith = (indexes: Indexes<Note>): Table<Note> => ({ name: notes.name, indexes });
const byText = { text: ({ text }: Note) => [[text]] };
const byLength = { length: ({ text }: Note) => [[text.length]] };

async function filled(database: Database, table: Table<Note>): Promise<Store> {
  const store = await Store.open(database, clock);
  const rows = Array.from({ length: ROWS }, (_, i) => ({ id: `n${i}`, text: `text ${i % 10}` }));
  await store.commit(...rows.map((row) => put(table, row)));
  return store;
}

async function placesIn(database: Database, ...parts: readonly string[]): Promise<number> {
  let places = 0;
  for await (const _ of database.keys(rangeOf("index", ...parts))) places++;
  return places;
}

/** Lets some batches through, then fails. */
const dyingAfter = (database: Database, batches: number): Database => {
  let left = batches;
  return {
    ...database,
    batch: (operations) => (left-- > 0 ? database.batch(operations) : Promise.reject(new Error("killed"))),
  };
};

test("rows that were written before an index was added are found by it", async (t) => {
  const folder = aFolder(t);
  const older = await levelDatabase(folder);
  const before = await Store.open(older, clock);
  await before.commit(put(notesWith({}), { id: "n1", text: "x" }));
  const head = { id: "p1", version: 1, createdAt: 0, updatedAt: 0, state: "packed" } as const;
  await before.commit(put<Parcel>({ name: parcel.name, indexes: {} }, { ...head, ...aParcel({ tags: ["red"] }) }));
  // As it was when the program knew of no indexes.
  await older.batch([{ type: "del", key: keyOf("indexes") }]);
  await older.close();

  await using store = await Store.open(await levelDatabase(folder), clock);

  const ids = async (table: Table<never>, index: string, first: string) =>
    (await store.list(table, { index, prefix: [first] })).items.map(({ id }) => id);
  assert.deepEqual(await ids(notes as Table<never>, "text", "x"), ["n1"]);
  assert.deepEqual(await ids(parcel as Table<never>, "tag", "red"), ["p1"]);
});

test("an index that says other places is built anew, one that is no more is taken away, and others are not touched", async () => {
  const database = keptDatabase();
  const tables = (indexes: Indexes<Note>) => [notesWith(indexes) as Table<never>];
  await buildIndexes(database, tables({ ...byText, ...byLength }));
  await filled(database, notesWith({ ...byText, ...byLength }));
  const touched: string[] = [];
  const watching: Database = {
    ...database,
    batch: (operations) => {
      touched.push(...operations.map(({ key }) => key).filter((key) => key.startsWith(keyOf("index", "note", "text"))));
      return database.batch(operations);
    },
  };

  await buildIndexes(watching, tables({ ...byText, length: ({ text }) => (text === "text 1" ? [[text.length]] : []) }));
  assert.equal(await placesIn(database, "note", "length"), ROWS / 10);
  await buildIndexes(watching, tables(byText));
  assert.equal(await placesIn(database, "note", "length"), 0);

  assert.equal(await placesIn(database, "note", "text"), ROWS);
  assert.deepEqual(touched, []);
});

for (const batches of [0, 1, 2, 3, 4, 5, 6, 7, 8])
  test(`a kill after ${batches} batches of building an index leaves none half built, for this program or the one before`, async () => {
    const changed = { text: ({ text }: Note) => [[text, text.length]] };
    for (const next of [changed, byText]) {
      const database = keptDatabase();
      await buildIndexes(database, [notesWith(byText)]);
      await filled(database, notesWith(byText));

      const dying = dyingAfter(database, batches);
      await assert.rejects(buildIndexes(dying, [notesWith(changed)]), /killed/);
      await buildIndexes(database, [notesWith(next)]);

      const store = await Store.open(database, clock);
      const table = notesWith(next);
      assert.equal(await store.count(table, { index: "text", prefix: ["text 1"] }), ROWS / 10);
      await store.commit(...Array.from({ length: ROWS / 10 }, (_, i) => removed(table, `n${i * 10 + 1}`)));
      assert.equal(await store.count(table, { index: "text", prefix: ["text 1"] }), 0);
    }
  });

test("a store whose indexes are as this program has them is not touched, and what was built is told once", async () => {
  const database = keptDatabase();
  const told: unknown[] = [];
  const log = { info: (...words: readonly unknown[]) => void told.push(words) };
  await filled(database, notesWith({}));
  await buildIndexes(database, [notes], log);
  const content = await contentOf(database);

  await buildIndexes(dyingAfter(database, 0), [notes], log);

  assert.equal(await contentOf(database), content);
  assert.deepEqual(told, [["indexes are built", { table: "note", indexes: ["text"], rows: ROWS }]]);
});
