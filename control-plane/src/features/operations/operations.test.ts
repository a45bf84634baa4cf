import assert from "node:assert/strict";
import { join } from "node:path";
import { test, type TestContext } from "node:test";
import { DAY, MINUTE, nodeDisk, SECOND, silentLog, systemRandom } from "@edgemere/protocol/kit";
import { drain, ManualClock, seededRandom, SimulatedDisk } from "@edgemere/protocol/simulated";
import { removed } from "../../platform/change.ts";
import { startTestCore, type CoreContext } from "../../platform/core.test-support.ts";
import { aFolder } from "../../platform/database.test-support.ts";
import { DiskGuard, type DiskLimits } from "../../platform/disk-guard.ts";
import { levelDatabase } from "../../platform/level-database.ts";
import { NodeBackups } from "../../platform/node-backups.ts";
import * as contract from "./contract.ts";
import { operations, type OperationsContext } from "./index.ts";

const MIB = 1024 ** 2;
const none: DiskLimits = { low: { percent: 0 }, readonly: { percent: 0 }, ballastBytes: 0 };

/** A control plane on a disk of 64 MiB, with backups in a folder. */
async function aWorld(t: TestContext, limits = none) {
  const dataFolder = aFolder(t);
  const database = await levelDatabase(join(dataFolder, "store"));
  const disk = new SimulatedDisk(64 * MIB);
  const clock = new ManualClock();
  const guard = await DiskGuard.start({
    disk,
    random: seededRandom(1),
    log: silentLog,
    limits: { low: { percent: 20 }, readonly: { percent: 10 }, ballastBytes: 0 },
  });
  const folder = join(dataFolder, "backups");
  const head = () => ({ generation: 1, trustDomain: "t", version: "1" });
  const backups = await NodeBackups.open({
    dataFolder,
    folder,
    database,
    clock,
    limits,
    head,
    resources: operations.resources,
    passphrase: undefined,
    random: systemRandom,
  });
  const core = await startTestCore<OperationsContext & CoreContext>({
    features: [operations],
    database,
    clock,
    context: {
      operations: {
        generation: () => 1,
        storage: () => guard.status,
        lookAtStorage: () => guard.look(),
        repairStore: () => Promise.reject(new Error("nothing is broken")),
        backups,
        backupEvery: DAY,
        backupKeep: 2,
      },
    },
  });
  t.after(() => core[Symbol.asyncDispose]());
  const all = async () => (await core.call(contract.listBackups, {})).items;
  // Files are real, so a turn of the clock does not always see them through.
  const until = async (isSo: () => Promise<boolean>) => {
    for (let turn = 0; turn < 20_000; turn++) {
      if (await isSo()) return;
      if (turn % 100 === 0) await core.advance(SECOND);
      await drain();
    }
    throw new Error("it does not come about");
  };
  const becomes = (state: string) =>
    until(async () => (await core.store.get(contract.storage, "disk"))?.state === state);
  const fill = async (bytes: number) => {
    await disk.remove("others");
    await disk.write("others", new Uint8Array(bytes));
  };
  const made = (count: number) =>
    until(async () => (await all()).filter(({ state }) => state === "ready").length === count);
  const files = () => nodeDisk(folder).list("");
  return { ...core, files, fill, becomes, folder, all, made, until };
}

test("how the disk is stands in a row, and each change of it is an event", async (t) => {
  const world = await aWorld(t);
  await world.becomes("normal");

  for (const [bytes, state] of [
    [54 * MIB, "low"],
    [60 * MIB, "readonly"],
    [54 * MIB, "low"],
    [1, "normal"],
  ] as const) {
    await world.fill(bytes);
    await world.becomes(state);
  }

  assert.deepEqual(
    (await world.eventTypes()).filter((type) => type.startsWith("storage.") && type !== "storage.updated"),
    ["storage.create", "storage.normal", "storage.low", "storage.readonly", "storage.low", "storage.normal"],
  );
  assert.equal((await world.call(contract.findStorage, {})).state, "normal");
});

test("who asks how a full disk is hears what to do", async (t) => {
  const world = await aWorld(t);
  await world.fill(60 * MIB);
  const filledAt = world.clock.now();
  await world.becomes("readonly");
  const seenAt = world.clock.now();
  await world.advance(MINUTE);

  const { state, since, advice } = await world.call(contract.findStorage, {});

  assert.equal(state, "readonly");
  // The disk under the store is a real one: the clock may go on before its write is seen.
  assert.ok(since !== undefined && since >= filledAt && since <= seenAt, String(since));
  assert.match(advice ?? "", /Free space on the disk; writing begins again by itself/);
});

test("a backup is wanted at once and made behind it; a second one has to wait", async (t) => {
  const world = await aWorld(t);

  const { id, state } = await world.call(contract.createBackup, {});
  assert.equal(state, "making");
  await assert.rejects(world.call(contract.createBackup, {}), { type: "conflict", message: /wait for it/ });
  await world.made(1);

  const { backup, file } = await world.call(contract.findBackup, { backup: id });
  assert.ok(backup.entries > 0 && backup.fileBytes > 0 && backup.sha256.length === 64);
  assert.deepEqual(await world.files(), [file]);
  assert.deepEqual(
    (await world.eventTypes()).filter((type) => type.startsWith("backup.")),
    ["backup.create", "backup.making", "backup.updated", "backup.ready"],
  );
});

test("a backup is drilled, which its row tells, and removed with its file", async (t) => {
  const world = await aWorld(t);
  const { id } = await world.call(contract.createBackup, {});
  await assert.rejects(world.call(contract.drillBackup, { backup: id }), { type: "conflict", message: /not ready/ });
  await world.made(1);

  const verdict = await world.call(contract.drillBackup, { backup: id });
  const [row] = await world.all();
  await world.call(contract.destroyBackup, { backup: id });

  assert.deepEqual([verdict.passed, verdict.mistakes], [true, []]);
  assert.deepEqual(row?.drill, { at: world.clock.now(), ...verdict });
  assert.deepEqual(await world.files(), []);
  await assert.rejects(world.call(contract.findBackup, { backup: id }), { type: "not-found" });
});

test("backups are made by themselves, and only the newest stay", async (t) => {
  const world = await aWorld(t);
  await world.advance(10 * MINUTE);
  await world.made(1);
  for (let day = 2; day <= 3; day++) {
    await world.advance(DAY);
    await world.made(2);
  }
  const [newest] = await world.all();
  await world.advance(DAY);
  await world.until(async () => {
    const [first] = await world.all();
    return first?.id !== newest?.id && first?.state === "ready";
  });
  await world.advance(MINUTE);
  await world.made(2);

  assert.equal(
    (await world.all()).every(({ origin }) => origin === "schedule"),
    true,
  );
});

test("a row whose file is gone goes, and a file without a row is found", async (t) => {
  const world = await aWorld(t);
  const { id } = await world.call(contract.createBackup, {});
  await world.made(1);
  await world.store.commit(removed(contract.backup, id));

  await world.advance(MINUTE);
  await world.until(async () => (await world.all())[0]?.origin === "found");
  await nodeDisk(world.folder).remove(`edgemere-${id}.backup`);
  await world.advance(MINUTE);
  await world.until(async () => (await world.all()).length === 0);
});

test("without room for it a backup is refused with the folder and what is missing", async (t) => {
  const world = await aWorld(t, { ...none, readonly: { bytes: 1024 ** 5 } });

  await assert.rejects(world.call(contract.createBackup, {}), {
    type: "storage-full",
    message: /MiB and .*backups has 0 MiB to give: free some space, or choose a folder on another disk with --backups/,
  });
});
