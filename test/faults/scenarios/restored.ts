import assert from "node:assert/strict";
import { cp, readdir, readFile, rm, truncate } from "node:fs/promises";
import { join } from "node:path";
import { createJob, endOf } from "../../world/jobs.ts";
import { eventually, startWorld } from "../../world/world.ts";
import { backedUp, restoredFrom } from "../backups.ts";
import type { Context, Scenario } from "../scenario.ts";
import { spooled } from "../spooled.ts";
import { lasting } from "../tools/pause.ts";
import { Trial } from "../trial.ts";
import { restarted } from "./kills.ts";

const SECOND = 1_000;

/**
 * The device's disk as it was before; what it has done since it no longer knows. That is noticed, nothing is asked of it before
 * somebody has looked, and no number that was used means anything else now.
 */
async function olderFolder(context: Context): Promise<void> {
  const trial = await Trial.start(context);
  const { agent } = trial;
  const { client, folder } = trial.world;
  const find = () => client.call("cpl/dm/device/find", { device: "gw1" });
  const copy = join(context.folder, "yesterday");
  for (let round = 0; round < context.rounds; round++) {
    assert.equal(await agent.stop(), 0);
    await rm(copy, { recursive: true, force: true });
    await cp(agent.dataFolder, copy, { recursive: true });
    agent.run();
    await trial.giveWork();
    await trial.recovered();
    assert.equal(await agent.stop(), 0);
    const used = (await spooled(agent.dataFolder, "telemetry")).produced;
    const before = await trial.newest();
    await rm(agent.dataFolder, { recursive: true });
    await cp(copy, agent.dataFolder, { recursive: true });
    assert.ok((await spooled(agent.dataFolder, "telemetry")).produced < used, "its memory is older indeed");

    const since = Date.now();
    agent.run();
    await trial.told(() =>
      eventually(async () => (await find()).state === "quarantined", "the copy to be noticed").then(() => undefined),
    );
    assert.match(
      (await find()).quarantineReason ?? "",
      /^its (next record|session number)/,
      "by what it says, not by harm",
    );
    const { events } = await client.call("ia/event/list", { after: before, type: ["device.quarantined"] });
    assert.equal(events.length, 1, "once");

    const job = await trial.giveCounted({ runTimeout: 30 }, "true");
    const effects = await readFile(join(folder, "effects"), "utf8");
    await lasting(3 * SECOND);
    const [waiting] = (await trial.ends()).slice(-1);
    assert.equal(waiting?.state, "queued", "nothing is asked of it without somebody's word");
    assert.equal(await readFile(join(folder, "effects"), "utf8"), effects);
    await client.call("cpl/dm/device/release", { device: "gw1" });
    assert.equal((await trial.endOf(job)).state, "succeeded", "and then it is");
    await trial.recovered(since);

    const { streams, refusals, refused } = await client.call("cpl/dm/device/accounting", { device: "gw1" });
    assert.deepEqual(
      streams.filter(({ missing }) => missing > 0),
      [],
    );
    assert.deepEqual(
      [refusals["conflicting-record"] ?? 0, refused.length],
      [0, 0],
      "no number is used for something else",
    );
    assert.ok(
      (await spooled(agent.dataFolder, "telemetry")).produced > used,
      "its numbers go on above all that were used",
    );
  }
  await trial.settle();
}

async function ruinedStore(context: Context): Promise<void> {
  const trial = await Trial.start(context);
  const { controlPlane, client } = trial.world;
  const store = join(controlPlane.dataFolder, "store");
  for (let round = 0; round < context.rounds; round++) {
    await trial.giveWork();
    await trial.recovered();
    const file = await backedUp(client);
    const since = { backup: Date.now(), restore: 0 };
    // What is measured now no backup has.
    await eventually(
      async () => (await trial.latestAt()) > since.backup + 2 * SECOND,
      "telemetry from after the backup",
    );
    await trial.observe();
    await controlPlane.kill();
    const name = (await readdir(store)).find((each) => each.startsWith("MANIFEST")) ?? "";
    await truncate(join(store, name), 7);
    // It refuses, and says what is wrong and what to do.
    await assert.rejects(controlPlane.start(), /cannot be opened[^]*restore the newest backup/);
    context.recorder.note(
      `${((Date.now() - since.backup) / SECOND).toFixed(1)} s of data were younger than the backup`,
    );
    since.restore = Date.now();
    await restoredFrom(file, controlPlane.dataFolder);
    await controlPlane.start();
    await trial.giveWork();
    await trial.recovered(since.restore);
    await restarted(trial);
  }
  await trial.settle();
}

/** A host that is not this machine: nothing here is to start anew. */
async function reboot(context: Context): Promise<void> {
  const { rounds, recorder } = context;
  const world = context.own(await startWorld({ devices: 1, prefix: "fake" }));
  const boots: unknown[] = [];
  for (let round = 0; round < rounds; round++) {
    const since = Date.now();
    const { state, result } = await endOf(world, await createJob(world, "fake-001", "reboot"));
    assert.equal(state, "succeeded");
    boots.push(...(round === 0 ? [result?.["before"]] : []), result?.["after"]);
    recorder.round();
    recorder.recovered(Date.now() - since);
  }
  assert.equal(new Set(boots).size, rounds + 1, "each has ended in a boot of its own, and no host was started twice");
}

export const restored: readonly Scenario[] = [
  {
    id: "F10",
    title: "reboot as a command, of a host that is not this machine",
    layer: 3,
    rounds: { short: 1, full: 20 },
    run: reboot,
  },
  {
    id: "F38",
    title: "agent's folder put back to an older copy",
    layer: 3,
    rounds: { short: 1, full: 20 },
    run: olderFolder,
  },
  {
    id: "F39",
    title: "control plane's store ruined: refused, restored from a backup",
    layer: 3,
    rounds: { short: 1, full: 10 },
    run: ruinedStore,
  },
];
