import assert from "node:assert/strict";
import { cp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { Context, Scenario } from "../scenario.ts";
import { preloaded } from "../tools/launches.ts";
import { Trial } from "../trial.ts";
import { restarted } from "./kills.ts";

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
    await trial.giveWork();
    await trial.recovered(since);
  }
  await trial.settle();
}

async function ruinedStore(context: Context): Promise<void> {
  const trial = await Trial.start(context);
  const { controlPlane } = trial.world;
  const store = join(controlPlane.dataFolder, "store");
  for (let round = 0; round < context.rounds; round++) {
    await trial.giveWork();
    await trial.observe();
    await controlPlane.kill();
    const name = (await readdir(store)).find((each) => each.startsWith("MANIFEST")) ?? "";
    const sound = await readFile(join(store, name));
    await writeFile(join(store, name), sound.subarray(0, 7));
    // It refuses, and says what is wrong and what to do.
    await assert.rejects(controlPlane.start(), /corrupt[^]*restore/i);
    await writeFile(join(store, name), sound);
    const since = Date.now();
    await controlPlane.start();
    await trial.recovered(since);
    await restarted(trial);
  }
  await trial.settle();
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
    title: "reboot as a command",
    layer: 3,
    awaits: "the command kind reboot",
    rounds: { short: 1, full: 20 },
    run: () => Promise.reject(new Error("there is no command kind reboot yet")),
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
    title: "control plane's store ruined: refused, and opened when its file is back",
    layer: 3,
    awaits: "restoring from a backup",
    rounds: { short: 1, full: 10 },
    run: ruinedStore,
  },
];
