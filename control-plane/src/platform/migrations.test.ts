import assert from "node:assert/strict";
import { test } from "node:test";
import { ManualClock } from "@edgemere/protocol/simulated";
import { checkedDatabase } from "./checked-database.ts";
import { rawMemoryDatabase, type Database, type SnapshotDatabase } from "./database.ts";
import { eventsAbout } from "./event-story.ts";
import { keyOf, rangeOf } from "./keys.ts";
import { FORMAT, migrate, needsMigration, NewerStore, stamped, stampOf } from "./migrations.ts";
import { Store } from "./store.ts";

const ENTRIES = 1_700;
const valueOf = (i: number) => JSON.stringify({ id: `n${i}` });

/** A store as it was before values had checksums. */
async function fill(raw: Database): Promise<void> {
  await raw.batch(
    Array.from({ length: ENTRIES }, (_, i) => ({
      type: "put",
      key: keyOf("row", "note", `n${i}`),
      value: Buffer.from(valueOf(i)),
    })),
  );
}

async function mustBeWhole(raw: SnapshotDatabase): Promise<void> {
  const database = checkedDatabase(raw);
  assert.deepEqual(await stampOf(raw), { format: FORMAT });
  for (let i = 0; i < ENTRIES; i++) {
    const value = await database.get(keyOf("row", "note", `n${i}`));
    assert.equal(value && Buffer.from(value).toString(), valueOf(i));
  }
  for await (const _ of database.entries({}));
  assert.deepEqual([...database.damaged], []);
}

test("a store without checksums gets one for every value", async () => {
  const raw = rawMemoryDatabase();
  await fill(raw);

  await migrate(raw, () => {});

  await mustBeWhole(raw);
});

for (const batches of [0, 1, 2, 3, 4])
  test(`a migration that is killed after ${batches} batches goes on where it stopped`, async () => {
    const raw = rawMemoryDatabase();
    await fill(raw);
    let left = batches;
    const dying: Database = {
      ...raw,
      batch: (operations) => (left-- > 0 ? raw.batch(operations) : Promise.reject(new Error("killed"))),
    };

    await assert.rejects(
      migrate(dying, () => {}),
      /killed/,
    );
    await migrate(raw, () => {});

    await mustBeWhole(raw);
  });

/** A store of an older format with a log of events, migrated: what is found by whom, and how many entries there are. */
async function migratedLog(
  format: number,
  events: readonly { readonly type: string; readonly subject: string; readonly data?: object }[],
) {
  const raw = rawMemoryDatabase();
  await checkedDatabase(raw).batch([
    ...events.map((event, i) => ({
      type: "put" as const,
      key: keyOf("event", i + 1),
      value: Buffer.from(JSON.stringify({ data: {}, ...event, number: i + 1, at: 1 })),
    })),
    { type: "put", key: keyOf("row", "note", "n"), value: Buffer.from("{}") },
  ]);
  await raw.batch([stamped({ format })]);

  await migrate(raw, () => {});

  const store = await Store.open(checkedDatabase(raw), new ManualClock());
  const keys: string[] = [];
  for await (const key of raw.keys(rangeOf("about"))) keys.push(key);
  return {
    entries: keys.length,
    numbers: async (name: string, id: string) => {
      const found: number[] = [];
      for await (const { number } of eventsAbout({ name }, id, { after: 0, step: 10 }, store)) found.push(number);
      return found;
    },
  };
}

test("events from before devices had stories are found by their devices, and nothing else has an entry", async () => {
  const types = ["device.create", "device.updated", "device.online", "job.create", "device.stats", "device.offline"];
  const subjects = ["d1", "d1", "d1", "d1", "d2", "d2"];

  const { entries, numbers } = await migratedLog(
    2,
    types.map((type, i) => ({ type, subject: subjects[i] ?? "" })),
  );

  assert.deepEqual([await numbers("device", "d1"), await numbers("device", "d2")], [[1, 3], [6]]);
  assert.equal(entries, 3);
});

test("events from before data requests had stories are found by the requests, with those of what was made for them", async () => {
  const { entries, numbers } = await migratedLog(3, [
    { type: "datarequest.create", subject: "r1" },
    { type: "datarequest.needed", subject: "r1" },
    { type: "datareservation.created", subject: "v1", data: { request: "r1" } },
    { type: "datarequest.updated", subject: "r1" },
    { type: "datainstance.ready", subject: "i1", data: { request: "r1" } },
    { type: "datainstance.ready", subject: "i2" },
    { type: "datareference.provisioned", subject: "r1" },
    { type: "datarequest.failed", subject: "r2" },
    { type: "datarequest.destroy", subject: "r2" },
  ]);

  assert.deepEqual([await numbers("datarequest", "r1"), await numbers("datarequest", "r2")], [[2, 3, 5], [8]]);
  assert.equal(entries, 4);
});

test("a store that is migrated, and an empty one, are not touched", async () => {
  const raw = rawMemoryDatabase();
  await migrate(raw, () => {});
  assert.deepEqual(await stampOf(raw), { format: FORMAT });
  const fixed = { ...raw, batch: () => Promise.reject(new Error("written")) };

  await assert.doesNotReject(migrate(fixed, () => {}));
});

test("a store of a newer program is refused with what to do", () => {
  assert.throws(() => needsMigration({ format: FORMAT + 1 }), NewerStore);
  assert.throws(() => needsMigration({ format: FORMAT + 1 }), /run the newer program again, or restore a backup/);
  assert.throws(() => needsMigration({ format: Number.NaN }), NewerStore);
});
