import assert from "node:assert/strict";
import { eventually } from "../../world/world.ts";
import { residentNow } from "../peaks.ts";
import type { Context, Scenario } from "../scenario.ts";
import { Trial } from "../trial.ts";

/** What reading it all into memory first would take is four times as much. */
const MOST_MORE = 32;
const LOUD = "yes | head -c 104857600";
/** Milliseconds that a ping beside it may take, where nothing runs beside both. */
const LONGEST_PING = 5_000;

/** A program without end, and one of a hundred mebibytes: neither fills the memory, nor holds up what else is asked. */
async function loud(context: Context): Promise<void> {
  const trial = await Trial.start(context);
  await trial.giveWork();
  await trial.allEnded();
  const before = await bothNow(trial);
  let most = before;
  const pings: number[] = [];
  for (let round = 0; round < context.rounds; round++) {
    const since = Date.now();
    const endless = await trial.giveCounted({ runTimeout: 4 }, "yes");
    const large = await trial.giveCounted({ runTimeout: 60 }, LOUD);
    for (let one = 0; !((await trial.hasEnded(endless)) && (await trial.hasEnded(large))); one++) {
      const asked = Date.now();
      const { state } = await trial.endOf(await trial.give("ping"));
      assert.equal(state, "succeeded");
      pings.push(Date.now() - asked);
      const now = await bothNow(trial);
      most = { agent: Math.max(most.agent, now.agent), controlPlane: Math.max(most.controlPlane, now.controlPlane) };
    }
    assert.equal((await trial.endOf(endless)).state, "timedout");
    assert.equal((await trial.endOf(large)).state, "succeeded");
    // How it ended overtakes what it wrote.
    await eventually(async () => (await trial.endOf(large)).outputBytes > 0, "some of what it wrote");
    await trial.recovered(since);
  }
  assert.ok(pings.length > 0);
  context.recorder.bar("MiB more memory of the agent", most.agent - before.agent, MOST_MORE);
  context.recorder.bar("ms that a ping beside it took", Math.max(...pings), LONGEST_PING);
  const more = Math.round(most.controlPlane - before.controlPlane);
  context.recorder.note(`${pings.length} pings beside it; the control plane took ${more} MiB more`);
  await trial.settle();
}

async function bothNow({ agent, world }: Trial) {
  return { agent: await residentNow(agent.pid), controlPlane: await residentNow(world.controlPlane.pid) };
}

export const loudPrograms: readonly Scenario[] = [
  {
    id: "F69",
    title: "a program that writes without end, and one that writes 100 MiB",
    layer: 3,
    rounds: { short: 1, full: 5 },
    run: loud,
  },
];
