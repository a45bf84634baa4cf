import assert from "node:assert/strict";
import type { Context, Scenario } from "../scenario.ts";
import { Trial } from "../trial.ts";

/** Somewhere in the middle of the work: the moment is drawn, nothing depends on it. */
const LONGEST_WORK = 800;

export const moment = ({ random }: Context, longest = LONGEST_WORK) =>
  new Promise<void>((resolve) => setTimeout(resolve, 50 + random.next() * longest));

type Order = "agent" | "control plane" | "both";

const killed = (victim: Order) => async (context: Context) => {
  const trial = await Trial.start(context);
  const { world, agent } = trial;
  for (let round = 0; round < context.rounds; round++) {
    await trial.giveWork();
    await moment(context);
    await trial.observe();
    if (victim !== "control plane") await agent.kill();
    if (victim !== "agent") await world.controlPlane.kill();
    const since = Date.now();
    const isAgentFirst = victim === "both" && round % 2 === 1;
    if (victim === "agent" || isAgentFirst) await trial.startAgent();
    if (victim !== "agent") await world.controlPlane.start();
    if (victim === "both" && !isAgentFirst) await trial.startAgent();
    await trial.recovered(since);
    // After several losses in a row an agent waits for minutes, as it should; one that forgot it and is started anew comes at once.
    if (victim === "control plane") await restarted(trial);
  }
  await trial.settle();
};

export async function restarted(trial: Trial): Promise<void> {
  const { agent } = trial;
  assert.equal(await agent.stop(), 0);
  await trial.startAgent();
  // Before that a wish to stop would be its end.
  await agent.said(/agent started/);
}

export const kills: readonly Scenario[] = [
  {
    id: "F01",
    title: "kill -9 of the agent in the middle of work",
    layer: 3,
    rounds: { short: 8, full: 200 },
    run: killed("agent"),
  },
  {
    id: "F05",
    title: "kill -9 of both at once, restarted in either order",
    layer: 3,
    rounds: { short: 6, full: 50 },
    run: killed("both"),
  },
  {
    id: "F40",
    title: "kill -9 of the control plane: its lock is left behind",
    layer: 3,
    rounds: { short: 5, full: 50 },
    run: killed("control plane"),
  },
];
