import assert from "node:assert/strict";
import { readdir, readFile, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { test, type TestContext } from "node:test";
import { nodeDisk, systemRandom } from "@edgemere/protocol/kit";
import { ManualClock } from "@edgemere/protocol/simulated";
import { Audit } from "./audit.ts";
import { DamagedBackup } from "./backup-format.ts";
import { created } from "./change.ts";
import { aFolder } from "./database.test-support.ts";
import { rawLevelDatabase, type CheckedDatabase } from "./database.ts";
import { checkedDatabase } from "./checked-database.ts";
import { keyOf } from "./keys.ts";
import { levelDatabase } from "./level-database.ts";
import { readBackup } from "./node-backup-file.ts";
import { NodeBackups } from "./node-backups.ts";
import { checkBackup, unpackBackup } from "./node-restore.ts";
import { aParcel, parcel } from "./sample-resource.test-support.ts";
import { Store } from "./store.ts";

const ID = "01J0000000000000000000000A";
const OTHER = "01J0000000000000000000000B";

async function filled(database: CheckedDatabase): Promise<Store> {
  const store = await Store.open(database, new ManualClock());
  for (let i = 0; i < 50; i++)
    await store.commit(created(parcel, `p${i}`, aParcel({ name: `p${i}`, tags: ["a", "b"] })));
  const audit = new Audit(store, () => 0);
  for (const requestId of ["r1", "r2"])
    await audit.record({ actor: "a", via: "rest", action: "x/y", decision: "allowed", requestId, input: {} });
  return store;
}

async function aWorld(t: TestContext, passphrase?: string) {
  const dataFolder = aFolder(t);
  await nodeDisk(dataFolder).write("authority/root.pem", Buffer.from("root"));
  const database = await levelDatabase(join(dataFolder, "store"));
  t.after(() => database.close());
  const store = await filled(database);
  const folder = join(dataFolder, "backups");
  const open = () =>
    NodeBackups.open({
      dataFolder,
      folder,
      database,
      resources: [parcel],
      head: () => ({ generation: 3, trustDomain: "t", version: "1" }),
      passphrase,
      limits: { low: { percent: 0 }, readonly: { percent: 0 }, ballastBytes: 0 },
      clock: new ManualClock(),
      random: systemRandom,
    });
  return {
    dataFolder,
    folder,
    database,
    store,
    open,
    backups: await open(),
    path: join(folder, `edgemere-${ID}.backup`),
  };
}

const contentOf = async (entries: AsyncIterable<readonly [string, Uint8Array]>) => {
  const content: string[] = [];
  for await (const [key, value] of entries) content.push(`${key} ${Buffer.from(value).toString("hex")}`);
  return content;
};

for (const passphrase of [undefined, "a long enough passphrase"])
  test(`a backup ${passphrase ? "under a passphrase" : "in the clear"} restores to what was there when it was made`, async (t) => {
    const { dataFolder, database, store, backups, path } = await aWorld(t, passphrase);
    const before = await contentOf(database.entries({}));

    const made = await backups.make(ID, () => {});
    await store.commit(created(parcel, "later", aParcel()));
    await unpackBackup(readBackup(path, passphrase), join(dataFolder, "restored"));

    const restored = await levelDatabase(join(dataFolder, "restored", "store"));
    assert.deepEqual(await contentOf(restored.entries({})), before);
    await restored.close();
    assert.equal(await readFile(join(dataFolder, "restored", "authority", "root.pem"), "utf8"), "root");
    assert.deepEqual([made.entries, made.files, made.damaged], [before.length, 1, 0]);
    assert.deepEqual([made.fileBytes, (await stat(path)).mode & 0o777], [(await stat(path)).size, 0o600]);
    assert.equal((await backups.head(ID)).generation, 3);
  });

test("a sealed backup holds nothing in the clear, and opens under its passphrase only", async (t) => {
  const { backups, path } = await aWorld(t, "a long enough passphrase");
  await backups.make(ID, () => {});

  assert.equal((await readFile(path)).includes("root"), false);
  await assert.rejects(checkBackup(readBackup(path, undefined)), /it is sealed; give its passphrase/);
  await assert.rejects(checkBackup(readBackup(path, "another passphrase")), DamagedBackup);
});

test("a file that was changed or cut, or is something else, is refused", async (t) => {
  const { backups, path } = await aWorld(t);
  await backups.make(ID, () => {});
  const whole = await readFile(path);
  const changes: readonly Buffer[] = [
    whole.subarray(0, whole.length >> 1),
    Buffer.concat([whole.subarray(0, 200), Buffer.from([(whole[200] ?? 0) ^ 1]), whole.subarray(201)]),
    Buffer.from("not a backup\n"),
    Buffer.alloc(0),
  ];

  for (const bytes of changes) {
    await writeFile(path, bytes);
    await assert.rejects(checkBackup(readBackup(path, undefined)), DamagedBackup);
  }
});

for (const passphrase of [undefined, "a long enough passphrase"])
  test(`a backup ${passphrase ? "under a passphrase" : "in the clear"} that was cut anywhere near its start or its end is refused`, async (t) => {
    const { backups, path } = await aWorld(t, passphrase);
    await backups.make(ID, () => {});
    const whole = await readFile(path);
    const line = whole.indexOf("\n") + 1;

    for (const length of [
      1,
      line - 1,
      line,
      line + 1,
      line + 15,
      line + 16,
      line + 17,
      whole.length >> 1,
      whole.length - 1,
    ]) {
      await writeFile(path, whole.subarray(0, length));
      await assert.rejects(checkBackup(readBackup(path, passphrase)), DamagedBackup, `cut at ${length}`);
    }
  });

test("a backup that is there is not made over: it may be the one that was just restored", async (t) => {
  const { backups, path, store } = await aWorld(t);
  const first = await backups.make(ID, () => {});
  const bytes = await readFile(path);
  await store.commit(created(parcel, "later", aParcel()));

  assert.deepEqual(await backups.make(ID, () => {}), first);
  assert.deepEqual(await readFile(path), bytes);
});

test("a drill passes over a sound store, of a new backup and of an old one, and leaves nothing behind", async (t) => {
  const { backups, folder, store } = await aWorld(t);
  await backups.make(ID, () => {});
  await store.commit(created(parcel, "later", aParcel()));

  const [fresh, old] = [await backups.drill(undefined), await backups.drill(ID)];

  assert.deepEqual([fresh.mistakes, old.mistakes], [[], []]);
  assert.ok(fresh.entries > old.entries);
  assert.deepEqual(await readdir(folder), [`edgemere-${ID}.backup`]);
});

test("a backup that is damaged does not pass its drill, and nothing of it is left lying", async (t) => {
  const { backups, folder, path } = await aWorld(t);
  await backups.make(ID, () => {});
  const bytes = await readFile(path);
  bytes[bytes.length >> 1] = (bytes[bytes.length >> 1] ?? 0) ^ 0xff;
  await writeFile(path, bytes);

  const { mistakes } = await backups.drill(ID);

  assert.equal(mistakes.length, 1);
  assert.match(mistakes[0] ?? "", /^the backup cannot be read: .*take another one$/);
  assert.deepEqual(await readdir(folder), [`edgemere-${ID}.backup`]);
});

test("a drill tells of a broken audit chain and of indexes that do not fit", async (t) => {
  const { backups, database } = await aWorld(t);
  const entry = keyOf("row", "audit", "0000000000000002");
  const changed = JSON.parse(Buffer.from((await database.get(entry)) ?? []).toString()) as object;
  await database.batch([
    { type: "put", key: entry, value: Buffer.from(JSON.stringify({ ...changed, actor: "mallory" })) },
    { type: "del", key: keyOf("index", "parcel", "name", "p7", "p7") },
    { type: "del", key: keyOf("row", "parcel", "p8") },
  ]);

  const { mistakes } = await backups.drill(undefined);

  assert.ok(mistakes.includes("the audit chain is broken: entry 2 says other than when its hash was made"));
  assert.ok(mistakes.includes('the parcel "p7" is missing in an index'));
  assert.ok(mistakes.includes('an index of parcel names "p8", which is not there'));
});

test("damaged values are left out of a backup, and counted", async (t) => {
  const folder = aFolder(t);
  const raw = await rawLevelDatabase(join(folder, "store"));
  const database = checkedDatabase(raw);
  t.after(() => database.close());
  await filled(database);
  await raw.batch([{ type: "put", key: keyOf("row", "parcel", "p7"), value: Buffer.from("damaged") }]);
  const backups = await NodeBackups.open({
    dataFolder: folder,
    folder: join(folder, "backups"),
    database,
    resources: [],
    head: () => ({ generation: 1, trustDomain: "t", version: "1" }),
    passphrase: undefined,
    limits: { low: { percent: 0 }, readonly: { percent: 0 }, ballastBytes: 0 },
    clock: new ManualClock(),
    random: systemRandom,
  });

  assert.equal((await backups.make(ID, () => {})).damaged, 1);
});

test("what a killed process left half done is cleared away, and no backup is", async (t) => {
  const { backups, folder, open } = await aWorld(t);
  await backups.make(ID, () => {});
  await writeFile(join(folder, `edgemere-${OTHER}.backup.unfinished`), "half");

  const again = await open();

  assert.deepEqual(
    (await again.list()).map(({ id }) => id),
    [ID],
  );
  assert.deepEqual(await readdir(folder), [`edgemere-${ID}.backup`]);
});

test("a backup is not begun when the control plane stops", async (t) => {
  const { backups, folder } = await aWorld(t);

  await backups[Symbol.asyncDispose]();

  await assert.rejects(
    backups.make(ID, () => {}),
    { name: "AbortError" },
  );
  assert.deepEqual(await readdir(folder), []);
});

test("a drill that is under way ends when the control plane stops, and leaves nothing behind", async (t) => {
  const { backups, folder } = await aWorld(t);
  await backups.make(ID, () => {});

  const drill = backups.drill(ID);
  const stopped = Promise.resolve().then(() => backups[Symbol.asyncDispose]());

  await assert.rejects(drill, { name: "AbortError" });
  await stopped;
  assert.deepEqual(await readdir(folder), [`edgemere-${ID}.backup`]);
});

test("it knows how much room one more may take", async (t) => {
  const { backups } = await aWorld(t);

  const { neededBytes, freeBytes } = await backups.room();

  assert.ok(neededBytes > 1_000 && neededBytes < 10_000_000);
  assert.ok(freeBytes > 0);
});
