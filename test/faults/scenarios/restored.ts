import assert from "node:assert/strict";
import { cp, readdir, rm, truncate } from "node:fs/promises";
import { join } from "node:path";
import type { Client } from "@edgemere/control-plane/client";
import { createJob, endOf } from "../../world/jobs.ts";
import { Program } from "../../world/program.ts";
import { eventually, startWorld } from "../../world/world.ts";
import type { Context, Scenario } from "../scenario.ts";
import { preloaded } from "../tools/launches.ts";
import { Trial } from "../trial.ts";
import { restarted } from "./kills.ts";

const SECOND = 1_000;

/** As often as makes a loop of it. */
const DEATHS = 6;

async function crashLoop(context: Context): Promise<void> {
  const trial = await Trial.start(context);
  const { agent } = trial;
  for (let round = 0; round < context.rounds; round++) {
    assert.equal(await agent.stop(), 0);
    await trial.giveWork();
    for (let death = 0; death < DEATHS; death++) {
      agent.run(preloaded("die-soon", { EDGEMERE_FAULT_DIE_AFTER: context.isFull ? "3000" : "1200" }));
      assert.equal(await agent.ended(), 1);
    }
    const since = Date.now();
    agent.run();
    await trial.recovered(since);
    const refused = await trial.endOf(await trial.give("service.status"));
    assert.deepEqual(
      [refused.state, refused.reason],
      ["rejected", "safe-mode"],
      "who cannot live does nothing that may be why",
    );
    await restarted(trial);
    await trial.giveWork();
    await trial.recovered();
  }
  await trial.settle();
}

/** The device's disk as it was before; what it has done since it no longer knows. */
async function olderFolder(context: Context): Promise<void> {
  const trial = await Trial.start(context);
  const { agent } = trial;
  const copy = join(context.folder, "yesterday");
  for (let round = 0; round < context.rounds; round++) {
    assert.equal(await agent.stop(), 0);
    await rm(copy, { recursive: true, force: true });
    await cp(agent.dataFolder, copy, { recursive: true });
    agent.run();
    await trial.giveWork();
    await trial.recovered();
    assert.equal(await agent.stop(), 0);
    await rm(agent.dataFolder, { recursive: true });
    await cp(copy, agent.dataFolder, { recursive: true });
    const since = Date.now();
    agent.run();
    await trial.doubted();
    await trial.giveWork();
    await trial.recovered(since);
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

async function backedUp(client: Client): Promise<string> {
  const { id: backup } = await client.call("ops/backup/create", {});
  const { folder, file } = await eventually(async () => {
    const found = await client.call("ops/backup/find", { backup });
    return found.backup.state === "ready" && found;
  }, "the backup to be made");
  return join(folder, file);
}

async function restoredFrom(file: string, dataFolder: string): Promise<void> {
  const program = new Program({
    script: "control-plane/bin/edgemere-control-plane.js",
    args: ["restore", file, "--data", dataFolder, "--force"],
  });
  assert.equal(await program.ended(), 0, program.output);
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
    id: "F09",
    title: "agent that dies soon after each of six starts",
    layer: 3,
    rounds: { short: 1, full: 20 },
    run: crashLoop,
  },
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
