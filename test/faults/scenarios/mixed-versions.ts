import assert from "node:assert/strict";
import type { Context, Scenario } from "../scenario.ts";
import { preloaded } from "../tools/launches.ts";
import { Trial } from "../trial.ts";

/** A kind of command, and its result, that one of both was built without. */
const newer = preloaded("older-protocol", { EDGEMERE_FAULT_UNKNOWN: "22:inventoryRefresh" });

/** First the agent is the older one, then the control plane: what both know works, and nobody guesses what the other meant. */
async function mixed(context: Context): Promise<void> {
  const trial = await Trial.start(context);
  const { agent, world } = trial;
  for (let round = 0; round < context.rounds; round++) {
    assert.equal(await agent.stop(), 0);
    await trial.startAgent(newer);
    await agent.said(/agent started/);
    await works(trial, { state: "rejected", reason: "unsupported", hasResult: false });

    assert.equal(await agent.stop(), 0);
    await trial.startAgent();
    assert.equal(await world.controlPlane.stop(), 0);
    await world.controlPlane.start({ launch: newer });
    // It sends what it knows how to write; the answer has a part that it cannot read, and an end that it can.
    await works(trial, { state: "succeeded", reason: "", hasResult: false });

    assert.equal(await world.controlPlane.stop(), 0);
    await world.controlPlane.start();
    await works(trial, { state: "succeeded", reason: "", hasResult: true });
  }
  context.recorder.note(
    "an older agent rejects what it does not know, and an older control plane takes the end of what it cannot read",
  );
  await trial.settle();
}

interface End {
  readonly state: string;
  readonly reason: string;
  readonly hasResult: boolean;
}

/** Work is done, telemetry comes, and the command that is new ends like this. */
async function works(trial: Trial, end: End): Promise<void> {
  const since = Date.now();
  await trial.giveWork();
  const job = await trial.give("inventory.refresh");
  await trial.recovered(since);
  const { state, reason, detail, result } = await trial.endOf(job);
  assert.deepEqual({ state, reason, hasResult: result !== undefined }, end, `${detail} ${JSON.stringify(result)}`);
  const [counted, ping] = (await trial.ends()).slice(-3);
  assert.deepEqual([counted?.state, ping?.state], ["succeeded", "succeeded"]);
}

export const mixedVersions: readonly Scenario[] = [
  {
    id: "F70",
    title: "an older agent, then an older control plane, which do not know a kind of command",
    layer: 3,
    rounds: { short: 1, full: 10 },
    run: mixed,
  },
];
