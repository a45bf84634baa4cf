import { Loaded } from "../loaded.ts";
import type { Context, Scenario } from "../scenario.ts";
import { cuttableDisk, type CuttableDisk } from "../tools/disks.ts";
import { Trial } from "../trial.ts";
import { moment } from "./kills.ts";

/** In every second cut it is to be in the middle of a call to the disk. */
const triesOf = (round: number) => (round % 2 === 1 ? 200 : 1);

/** What was not synced is gone, and so is the process; then power is back. Gives whether it was in a call to the disk. */
export async function powerCut(disk: CuttableDisk, program: Victim, tries = 1): Promise<boolean> {
  const wasInCall = await disk.cut(program.pid, tries);
  await program.kill();
  await disk.unmount();
  await disk.mount();
  return wasInCall;
}

interface Victim {
  readonly pid: number;
  kill(): Promise<void>;
}

async function cutAgent(context: Context): Promise<void> {
  const disk = context.own(await cuttableDisk(context.folder));
  const trial = await Trial.start(context, { agent: { dataFolder: disk.folder } });
  let inCall = 0;
  for (let round = 0; round < context.rounds; round++) {
    await trial.giveWork();
    await moment(context);
    await trial.observe();
    inCall += Number(await powerCut(disk, trial.agent, triesOf(round)));
    const since = Date.now();
    await trial.startAgent();
    await trial.recovered(since);
  }
  noteCuts(context, inCall);
  await trial.settle();
}

const noteCuts = ({ recorder, rounds }: Context, inCall: number) =>
  recorder.note(`${inCall} of ${rounds} cuts in the middle of a call to the disk`);

async function cutControlPlane(context: Context): Promise<void> {
  const disk = context.own(await cuttableDisk(context.folder));
  const loaded = await Loaded.start(context, {
    devices: 20,
    every: 50,
    world: { controlPlane: { dataFolder: disk.folder } },
  });
  const { controlPlane, client } = loaded.world;
  const jobs: string[] = [];
  let inCall = 0;
  for (let round = 0; round < context.rounds; round++) {
    const answered = client
      .call("cpl/dm/job/create", { device: "bench-0", kind: "ping" })
      .then(({ job }) => jobs.push(job.id));
    await Promise.all([moment(context), answered]);
    await loaded.observe();
    inCall += Number(await powerCut(disk, controlPlane, triesOf(round)));
    const since = Date.now();
    await controlPlane.start();
    await loaded.ready();
    await loaded.recovered(since);
  }
  noteCuts(context, inCall);
  // What somebody was told to be there is there.
  for (const job of jobs) await client.call("cpl/dm/job/find", { job });
  await loaded.settle();

  const other = context.own(await cuttableDisk(context.folder));
  const bare = loaded.bare(other.folder.replace(/\/data$/, ""));
  await bare.start();
  for (let round = 0; round < context.rounds; round++) {
    await bare.ready();
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
