import assert from "node:assert/strict";
import { ChaosProxy } from "../tools/chaos-proxy.ts";
import { cuttableDisk, type CuttableDisk } from "../tools/disks.ts";
import { createJob } from "../../world/jobs.ts";
import type { Context, Scenario } from "../scenario.ts";
import { Trial } from "../trial.ts";
import { moment } from "./kills.ts";
import { powerCut } from "./power-cuts.ts";

const SECOND = 1_000;
/** So long after its time is over a device must be back, at most. */
const BACK_AFTER = 30 * SECOND;
const HERE = "127.0.0.1";

/** Leads an agent to addresses where its control plane is not, and to another one where it is, and cuts its power meanwhile. */
async function ledAstray(context: Context): Promise<void> {
  const disk = context.own(await cuttableDisk(context.folder));
  const trial = await Trial.start(context, { flags: ["--allow", "configure"], agent: { dataFolder: disk.folder } });
  const { mqtt, portal } = trial.world.controlPlane.ready.ports;
  const door = context.own(
    await ChaosProxy.listen({ host: HERE, port: 0 }, { host: HERE, port: mqtt }, context.random),
  );
  const right = [`mqtts://${HERE}:${door.port}`];
  const wrong = [
    [`mqtts://${HERE}:1`],
    ["mqtts://nowhere.invalid:8883"],
    [`mqtts://${HERE}:${portal}`],
    ["mqtts://10.255.255.1:8883", `mqtts://${HERE}:1`],
  ];
  const within = context.isFull ? 20 : 8;
  let kept = 0;
  for (let round = 0; round < context.rounds; round++) {
    const isRight = round % 3 === 2;
    const broker = isRight ? right : (wrong[round % wrong.length] ?? assert.fail("there are none"));
    const given = { set: { broker }, confirmWithin: within };
    const job = await createJob(trial.world, "gw1", "configure", given, { runTimeout: 600 });
    const since = Date.now();
    if (round % 4 !== 3)
      await cutSomewhere(context, { trial, disk, longest: round % 2 === 0 ? within * SECOND : SECOND });

    const { state, reason, detail } = await trial.endOf(job);
    if (!isRight) assert.deepEqual([state, reason], ["failed", "reverted"], `${broker.join(" ")}: ${detail}`);
    else assert.ok(state === "succeeded" || reason === "reverted", `${state} ${reason}: ${detail}`);
    context.recorder.bar("reachable again", Date.now() - since, within * SECOND + BACK_AFTER);
    await trial.giveWork();
    await trial.recovered();
    if (state !== "succeeded") continue;
    kept += 1;
    const back = await createJob(trial.world, "gw1", "configure", { reset: ["broker"] });
    assert.equal((await trial.endOf(back)).state, "succeeded");
  }
  context.recorder.note(`${context.rounds} changes of the address: ${kept} stayed, all others were taken back`);
  await trial.settle();
}

interface Cut {
  readonly trial: Trial;
  readonly disk: CuttableDisk;
  /** Until then, milliseconds. */
  readonly longest: number;
}

async function cutSomewhere(context: Context, { trial, disk, longest }: Cut): Promise<void> {
  await moment(context, longest);
  await powerCut(disk, trial.agent);
  await trial.startAgent();
}

export const wrongAddresses: readonly Scenario[] = [
  {
    id: "F67b",
    title: "an agent told to connect where its control plane is not, and a power cut while that is so",
    layer: 4,
    needs: ["root", "loop"],
    rounds: { short: 4, full: 20 },
    run: ledAstray,
  },
];
