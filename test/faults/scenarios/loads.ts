import type { Context, Scenario } from "../scenario.ts";
import { Loaded } from "../loaded.ts";
import { preloaded } from "../tools/launches.ts";
import { moment } from "./kills.ts";

const SECOND = 1_000;
const DEVICES = { short: 50, full: 200 };
/** All together. */
const RECORDS_PER_SECOND = 1_000;
const EVERY = 50;

async function killedUnderLoad(context: Context): Promise<void> {
  const devices = context.isFull ? DEVICES.full : DEVICES.short;
  const loaded = await Loaded.start(context, { devices, every: (devices * SECOND) / RECORDS_PER_SECOND });
  const { controlPlane } = loaded.world;
  for (let round = 0; round < context.rounds; round++) {
    await moment(context);
    await loaded.observe();
    await controlPlane.kill();
    const since = Date.now();
    await controlPlane.start();
    await loaded.ready();
    await loaded.recovered(since);
  }
  const { recorder } = context;
  recorder.note(`${devices} devices`);
  recorder.bar("milliseconds of the longest recovery", Math.max(...recorder.figures().recovery), 10 * SECOND);
  await loaded.settle();

  const bare = loaded.bare();
  await bare.start();
  for (let round = 0; round < context.rounds; round++) {
    await bare.ready();
    await moment(context);
    await bare.kill();
    await bare.start();
  }
  context.recorder.baseline(await bare.lost());
}

/** Killed right after a commit is on the disk, so that its devices have not heard of it; or right before a word of it is sent. */
async function killedBeforeItIsSaid(context: Context): Promise<void> {
  const loaded = await Loaded.start(context, { devices: 5, every: EVERY });
  const { controlPlane } = loaded.world;
  for (let round = 0; round < context.rounds; round++) {
    await controlPlane.stop();
    const place = round % 2 === 0 ? "commit" : "word";
    const count = 20 + Math.floor(context.random.next() * 40);
    await controlPlane.start({ launch: preloaded("kill-after-commit", { EDGEMERE_FAULT_AFTER: `${place} ${count}` }) });
    await controlPlane.ended();
    const since = Date.now();
    await controlPlane.start();
    await loaded.recovered(since);
  }
  await loaded.settle();
}

export const loads: readonly Scenario[] = [
  {
    id: "F03",
    title: "kill -9 of the control plane under 1,000 records a second",
    layer: 3,
    rounds: { short: 4, full: 50 },
    run: killedUnderLoad,
  },
  {
    id: "F04",
    title: "kill -9 of the control plane between storing and telling so, and before its word is sent",
    layer: 3,
    rounds: { short: 6, full: 50 },
    run: killedBeforeItIsSaid,
  },
];
