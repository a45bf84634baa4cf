import assert from "node:assert/strict";
import { test } from "node:test";
import * as fc from "fast-check";
import { ManualClock } from "@edgemere/protocol/simulated";
import { created, destroyed, moved, put, removed, updated } from "./change.ts";
import { databases } from "./database.test-support.ts";
import type { Database } from "./database.ts";
import { keyOf, rangeOf } from "./keys.ts";
import { aParcel, contentOf, keptDatabase, notes, parcel } from "./sample-resource.test-support.ts";
import { Store } from "./store.ts";

const openStore = (database: Database) => Store.open(database, new ManualClock());
const idsOf = (rows: readonly { readonly id: string }[]) => rows.map(({ id }) => id);

// What somebody does to parcels, as far as their state lets them.
const anId = fc.constantFrom("p1", "p2", "p3", "p\u0000", "p\u0001");
const fields = fc.record({
  name: fc.constantFrom("a", "b", "b\u0000", ""),
  weight: fc.constantFrom(-1, 0, 1.5, 10),
  tags: fc.uniqueArray(fc.constantFrom("x", "y", "x\u0000")),
});
const aDeed = fc.record({ id: anId, what: fc.constantFrom("create", "send", "lose", "change", "destroy"), fields });
type Deed = typeof aDeed extends fc.Arbitrary<infer T> ? T : never;

async function changeOf(store: Store, { id, what, fields }: Deed) {
  const row = await store.get(parcel, id);
  if (row === undefined) return what === "create" ? created(parcel, id, aParcel(fields)) : undefined;
  if (what === "change") return updated(parcel, row, fields);
  if (what === "destroy") return destroyed(parcel, row);
  const signal = what === "send" ? "send" : "lose";
  return parcel.life.can(row.state, signal) ? moved(parcel, row, signal, fields) : undefined;
}

async function expectWhole(store: Store, database: Database): Promise<void> {
  const { items: rows } = await store.list(parcel);
  const places = rows.flatMap((row) =>
    Object.entries(parcel.indexes).flatMap(([index, placesOf]) =>
      placesOf(row).map((place) => keyOf("index", "parcel", index, ...place, row.id)),
    ),
  );
  const kept: string[] = [];
  for await (const key of database.keys(rangeOf("index"))) kept.push(key);
  const events = await store.events(0, 10_000);

  const told = events.filter(({ type }) => ["parcel.create", "parcel.sent"].includes(type));
  const toldOf: string[] = [];
  for await (const key of database.keys(rangeOf("about"))) toldOf.push(key);

  assert.deepEqual(kept.toSorted(), places.toSorted());
  assert.deepEqual(
    toldOf.toSorted(),
    told.map(({ subject, number }) => keyOf("about", "parcel", subject, number)).toSorted(),
  );
  assert.deepEqual(
    events.map(({ number }) => number),
    events.map((_, i) => i + 1),
  );
  assert.equal(store.lastNumber, events.length);
  for (const row of rows)
    assert.deepEqual(events.findLast(({ subject }) => subject === row.id)?.data["version"], row.version);
}

for (const [name, open] of Object.entries(databases)) {
  test(`whatever is done over ${name}, one at a time or at once, indexes fit the rows and numbers have no holes`, async (t) => {
    const rounds = fc.array(fc.array(aDeed, { minLength: 1, maxLength: 5 }), { maxLength: 12 });
    const database = await open(t);

    await fc.assert(
      fc.asyncProperty(rounds, async (deeds) => {
        const keys: string[] = [];
        for await (const key of database.keys({})) keys.push(key);
        await database.batch(keys.map((key) => ({ type: "del", key })));
        const store = await openStore(database);
        for (const round of deeds) {
          const changes = (await Promise.all(round.map((deed) => changeOf(store, deed)))).filter(
            (each) => each !== undefined,
          );
          await Promise.allSettled(changes.map((change) => store.commit(change)));
        }

        await expectWhole(store, database);
        await expectWhole(await openStore(database), database);
      }),
      { numRuns: 60 },
    );
  });
}

test("a row that is removed from a plain table leaves no trace in its indexes", async () => {
  const database = keptDatabase();
  const store = await openStore(database);
  await store.commit(put(notes, { id: "n1", text: "x" }));
  await store.commit(put(notes, { id: "n1", text: "y" }), removed(notes, "n2"));

  assert.deepEqual(idsOf((await store.list(notes, { index: "text", prefix: ["x"] })).items), []);
  assert.deepEqual(idsOf((await store.list(notes, { index: "text", prefix: ["y"] })).items), ["n1"]);
  await store.commit(removed(notes, "n1"));
  assert.equal(await contentOf(database), "");
});

test("a walk along an index begins at what follows the prefix, or behind where that would stand", async () => {
  const store = await openStore(keptDatabase());
  const ids = ["light", "heavy", "heavier"];
  for (const id of ids) await store.commit(created(parcel, id, aParcel({ name: id })));

  const from = async (first: string) => idsOf((await store.list(parcel, { index: "name", from: first })).items);
  assert.deepEqual(await from("heavier"), ["heavier", "heavy", "light"]);
  assert.deepEqual(await from("heavier "), ["heavy", "light"]);
  assert.deepEqual(await from("m"), []);
});
