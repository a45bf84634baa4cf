import { eventually } from "../../world/world.ts";
import { Loaded } from "../loaded.ts";
import type { Context, Scenario } from "../scenario.ts";
import { cuttableDisk, type CuttableDisk } from "../tools/disks.ts";
import { Trial } from "../trial.ts";
import { standsStill } from "../tools/standstill.ts";
import { moment } from "./kills.ts";

/**
 * What was not synced is gone, and so is the process; then power is back. The process stands still before the cut: a sync that
 * is under way while a file system is shut down may say that it succeeded and be lost all the same, on ext4 and on XFS, so that
 * the instrument would lose what a disk has not. A cut in the middle of a sync is therefore not among these.
 */
async function powerCut(disk: CuttableDisk, program: Victim): Promise<void> {
  program.signal("SIGSTOP");
  await standsStill(program.pid);
  await disk.cut();
  await program.kill();
  await disk.unmount();
  await disk.mount();
}

interface Victim {
  readonly pid: number;
  signal(name: NodeJS.Signals): void;
  kill(): Promise<void>;
}

async function cutAgent(context: Context): Promise<void> {
  const disk = context.own(await cuttableDisk(context.folder));
  const trial = await Trial.start(context, { agent: { dataFolder: disk.folder } });
  for (let round = 0; round < context.rounds; round++) {
    await trial.giveWork();
    await moment(context);
    await trial.observe();
    await powerCut(disk, trial.agent);
    const since = Date.now();
    await trial.startAgent();
    await trial.recovered(since);
  }
  await trial.settle();
}

async function cutControlPlane(context: Context): Promise<void> {
  const disk = context.own(await cuttableDisk(context.folder));
  const loaded = await Loaded.start(context, {
    devices: 20,
    every: 50,
    world: { controlPlane: { dataFolder: disk.folder } },
  });
  const { controlPlane, client } = loaded.world;
  const jobs: string[] = [];
  for (let round = 0; round < context.rounds; round++) {
    const answered = client
      .call("cpl/dm/job/create", { device: "load-0", kind: "ping" })
      .then(({ job }) => jobs.push(job.id));
    await Promise.all([moment(context), answered]);
    await loaded.observe();
    await powerCut(disk, controlPlane);
    const since = Date.now();
    await controlPlane.start();
    await loaded.ready();
    await loaded.recovered(since);
  }
  // What somebody was told to be there is there.
  for (const job of jobs) await client.call("cpl/dm/job/find", { job });
  await loaded.settle();

  const other = context.own(await cuttableDisk(context.folder));
  const bare = loaded.bare(other.folder.replace(/\/data$/, ""));
  await bare.start();
  for (let round = 0; round < context.rounds; round++) {
    await eventually(async () => bare.areReady, "the devices at the bare broker");
    await moment(context);
    await powerCut(other, bare);
    await bare.start();
  }
  context.recorder.baseline(await bare.lost());
}

export const powerCuts: readonly Scenario[] = [
  {
    id: "F29",
    title: "power cut of the agent",
    layer: 4,
    needs: ["root", "loop"],
    rounds: { short: 5, full: 50 },
    run: cutAgent,
  },
  {
    id: "F30",
    title: "power cut of the control plane under 400 records a second",
    layer: 4,
    needs: ["root", "loop"],
    rounds: { short: 4, full: 50 },
    run: cutControlPlane,
  },
];
