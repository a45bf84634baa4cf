import assert from "node:assert/strict";
import { eventually } from "../../world/world.ts";
import type { Context, Scenario } from "../scenario.ts";
import { preloaded } from "../tools/launches.ts";
import { lasting } from "../tools/pause.ts";
import { Trial } from "../trial.ts";
import { supervisionOf } from "../unit.ts";

const SECOND = 1_000;
/** So many deaths in a row are no accident; of one less the agent makes nothing. */
const LOOP = 5;
/** The last of them in safe mode. */
const DEATHS = { short: LOOP + 1, full: 20 };

async function crashLoop(context: Context): Promise<void> {
  const supervision = await supervisionOf("edgemere-agent.service");
  assert.equal(supervision.restart, "always");
  assert.equal(supervision.givenUpWithin, "0", "however often it dies, it is started again");
  assert.ok(supervision.firstPause >= 1 && supervision.steps > 0 && supervision.longestPause > supervision.firstPause);

  const trial = await Trial.start(context);
  const { agent } = trial;
  const die = async (times: number) => {
    assert.equal(await agent.stop(), 0);
    for (let death = 0; death < times; death++) {
      agent.run(preloaded("fail-on-signal", { EDGEMERE_FAULT_FAILURE: "exception" }));
      await agent.said(/agent started/);
      await lasting(context.isFull ? 3 * SECOND : 0.5 * SECOND);
      agent.signal("SIGUSR2");
      const code = (await agent.ended()) ?? 0;
      // The pause of whoever supervises it is left out: without it there is less time to do anything well.
      assert.ok(code > 0 && !supervision.leftAloneAfter.includes(code), `it ended with ${code}`);
    }
  };
  const deaths = context.isFull ? DEATHS.full : DEATHS.short;
  for (let round = 0; round < context.rounds; round++) {
    await die(LOOP - 1);
    await lives(trial);

    await die(deaths);
    const since = Date.now();
    agent.run();
    await safe(trial, deaths);
    await trial.recovered(since);
    context.recorder.note(`safe mode after ${deaths} deaths; telemetry and ping go on in it`);
    // Whoever stops and starts it by hand wants to try again.
    await lives(trial);
  }
  await trial.settle();
}

/** Stopped and started by hand it takes commands and carries them out. */
async function lives(trial: Trial): Promise<void> {
  if (trial.agent.isRunning) assert.equal(await trial.agent.stop(), 0);
  const since = Date.now();
  trial.agent.run();
  await trial.giveWork();
  await trial.recovered(since);
  const [counted, ping] = (await trial.ends()).slice(-2);
  assert.deepEqual([counted?.state, ping?.state], ["succeeded", "succeeded"]);
  assert.ok(!(await conditionsOf(trial)).includes("safe-mode"));
}

/** It is there, tells why it does so little, measures, and does nothing that may be why it died. */
async function safe(trial: Trial, deaths: number): Promise<void> {
  const { client } = trial.world;
  const isTold = async () => (await conditionsOf(trial)).includes("safe-mode");
  await trial.told(() => eventually(isTold, "safe mode to be seen").then(() => undefined));
  const refused = await trial.endOf(await trial.give("service.status"));
  assert.deepEqual([refused.state, refused.reason], ["rejected", "safe-mode"]);
  const isCounted = async () => {
    const { items } = await client.call("cpl/dm/device/events", { device: "gw1" });
    return items.some(({ name, detail }) => name === "safe-mode" && detail.includes(`died ${deaths} times in a row`));
  };
  await eventually(isCounted, "the deaths to be told to operators");
  assert.equal((await trial.endOf(await trial.give("ping"))).state, "succeeded");
  const now = Date.now();
  await eventually(async () => (await trial.latestAt()) > now, "telemetry from safe mode");
}

const conditionsOf = async ({ world }: Trial): Promise<readonly string[]> =>
  (await world.client.call("cpl/dm/device/find", { device: "gw1" })).conditions ?? [];

export const crashLoops: readonly Scenario[] = [
  {
    id: "F09",
    title: "agent that dies soon after each start, again and again",
    layer: 3,
    rounds: { short: 1, full: 5 },
    run: crashLoop,
  },
];
