import assert from "node:assert/strict";
import { test } from "node:test";
import { checkedDatabase } from "./checked-database.ts";
import { rawMemoryDatabase, type Database, type SnapshotDatabase } from "./database.ts";
import { keyOf } from "./keys.ts";
import { FORMAT, migrate, needsMigration, NewerStore, stampOf } from "./migrations.ts";

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
