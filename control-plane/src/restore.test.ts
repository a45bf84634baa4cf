import assert from "node:assert/strict";
import { mkdir, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { test, type TestContext } from "node:test";
import { nodeDisk, systemRandom } from "@edgemere/protocol/kit";
import { ManualClock } from "@edgemere/protocol/simulated";
import { DamagedBackup } from "./platform/backup-format.ts";
import { put } from "./platform/change.ts";
import { aFolder } from "./platform/database.test-support.ts";
import { generationOf, setGeneration } from "./platform/generation.ts";
import { levelDatabase } from "./platform/level-database.ts";
import { NodeBackups } from "./platform/node-backups.ts";
import { notes } from "./platform/sample-resource.test-support.ts";
import { Store } from "./platform/store.ts";
import { CannotRestore, refuseHalfRestored, rememberGeneration, restore } from "./restore.ts";

const ID = "01J0000000000000000000000A";
const clock = new ManualClock();
const openStore = async (folder: string) => Store.open(await levelDatabase(join(folder, "store")), clock);
const limits = { low: { percent: 0 }, readonly: { percent: 0 }, ballastBytes: 0 };

/** A data folder of generation 1 with one note, and a backup of it beside it. */
async function backedUp(t: TestContext) {
  const top = aFolder(t);
  const dataFolder = join(top, "data");
  await nodeDisk(dataFolder).write("authority/root.pem", Buffer.from("the root"));
  const database = await levelDatabase(join(dataFolder, "store"));
  const store = await Store.open(database, clock);
  await setGeneration(store, 1);
  await store.commit(put(notes, { id: "n1", text: "before" }));
  await rememberGeneration(dataFolder, 1);
  const backups = await NodeBackups.open({
    dataFolder,
    folder: join(top, "backups"),
    database,
    clock,
    limits,
    resources: [],
    head: () => ({ generation: 1, trustDomain: "t", version: "1" }),
    passphrase: undefined,
    random: systemRandom,
  });
  await backups.make(ID, () => {});
  await store.commit(put(notes, { id: "n2", text: "after" }));
  const file = join(top, "backups", `edgemere-${ID}.backup`);
  const run = (over: { readonly file?: string; readonly dataFolder?: string; readonly force?: boolean } = {}) =>
    restore(
      { file, dataFolder, passphraseFile: undefined, auditCopy: join(top, "audit-copy"), force: false, ...over },
      { clock },
    );
  return { top, dataFolder, store, file, run };
}

test("a backup goes into an empty folder, and begins the next generation", async (t) => {
  const { top, run, store } = await backedUp(t);
  await store[Symbol.asyncDispose]();
  const fresh = join(top, "fresh");

  const lines = await run({ dataFolder: fresh });

  await using restored = await openStore(fresh);
  assert.deepEqual(await restored.get(notes, "n1"), { id: "n1", text: "before" });
  assert.equal(await restored.get(notes, "n2"), undefined);
  assert.equal(await generationOf(restored), 2);
  assert.equal(await readFile(join(fresh, "authority", "root.pem"), "utf8"), "the root");
  assert.match(lines.join("\n"), /It is generation 2 now/);
  assert.deepEqual((await readdir(fresh)).toSorted(), ["authority", "generation", "store"]);
});

test("what is there gives way only when told to, and is kept beside", async (t) => {
  const { dataFolder, run, store } = await backedUp(t);
  await store[Symbol.asyncDispose]();

  await assert.rejects(run(), (error) => error instanceof CannotRestore && /--force/.test(error.message));
  const lines = await run({ force: true });

  const kept = (await readdir(dataFolder)).filter((name) => name.includes(".replaced-"));
  assert.equal(kept.length, 2);
  assert.match(lines.join("\n"), new RegExp(`What was there is kept: .*${kept[0] ?? "nothing"}`));
});

test("the same backup restored again begins yet another generation", async (t) => {
  const { dataFolder, run, store } = await backedUp(t);
  await store[Symbol.asyncDispose]();

  await run({ force: true });
  await run({ force: true });

  await using restored = await openStore(dataFolder);
  assert.equal(await generationOf(restored), 3);
});

test("a store that cannot be opened any more is replaced", async (t) => {
  const { dataFolder, run, store } = await backedUp(t);
  await store[Symbol.asyncDispose]();
  await rm(join(dataFolder, "store", "CURRENT"));

  await run({ force: true });

  await using restored = await openStore(dataFolder);
  assert.deepEqual(await restored.get(notes, "n1"), { id: "n1", text: "before" });
});

test("a folder in use is refused, whatever is forced", async (t) => {
  const { run, store } = await backedUp(t);

  await assert.rejects(
    run({ force: true }),
    (error) => error instanceof CannotRestore && /stop it first/.test(error.message),
  );
  await store[Symbol.asyncDispose]();
});

test("nothing is touched when the backup is not whole, or not there", async (t) => {
  const { dataFolder, run, store, file } = await backedUp(t);
  await store[Symbol.asyncDispose]();
  const whole = await readFile(file);
  await writeFile(file, whole.subarray(0, -1));
  const before = (await readdir(dataFolder)).toSorted();

  await assert.rejects(run({ force: true }), DamagedBackup);
  await rm(file);
  await assert.rejects(run({ force: true }), CannotRestore);

  assert.deepEqual((await readdir(dataFolder)).toSorted(), before);
});

test("what a restore that was killed left behind is no obstacle", async (t) => {
  const { top, run, store } = await backedUp(t);
  await store[Symbol.asyncDispose]();
  const fresh = join(top, "fresh");
  await mkdir(join(fresh, "restoring", "store"), { recursive: true });
  await writeFile(join(fresh, "restoring", "store", "rubbish"), "rubbish");

  await run({ dataFolder: fresh });

  await using restored = await openStore(fresh);
  assert.deepEqual(await restored.get(notes, "n1"), { id: "n1", text: "before" });
});

test("a control plane does not start on what a restore that was killed in the middle has left, until it has run again", async (t) => {
  const { dataFolder, run, store } = await backedUp(t);
  await store[Symbol.asyncDispose]();
  await rm(join(dataFolder, "authority"), { recursive: true });
  await writeFile(join(dataFolder, "half-restored"), "");

  await assert.rejects(
    refuseHalfRestored(dataFolder),
    (error) => error instanceof CannotRestore && /run it again, with --force/.test(error.message),
  );
  await run({ force: true });

  await refuseHalfRestored(dataFolder);
  assert.equal(await readFile(join(dataFolder, "authority", "root.pem"), "utf8"), "the root");
});

test("a folder is no backup", async (t) => {
  const { top, run, store } = await backedUp(t);
  await store[Symbol.asyncDispose]();

  await assert.rejects(
    run({ file: join(top, "backups") }),
    (error) => error instanceof CannotRestore && /there is no file .*backups/.test(error.message),
  );
});
