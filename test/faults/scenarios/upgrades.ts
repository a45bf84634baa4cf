import assert from "node:assert/strict";
import { join } from "node:path";
import { createJob } from "../../world/jobs.ts";
import { aRelease, launched, signedBy } from "../../world/releases.ts";
import { eventually } from "../../world/world.ts";
import type { Context, Scenario } from "../scenario.ts";
import { preloaded } from "../tools/launches.ts";
import { Trial } from "../trial.ts";

/** More than any of the three processes takes: the agent that is followed, the watcher, the release that comes. */
const MOST_STEPS = 20;
const SHORT_STEPS = 4;
/** What decides; a file of a release that is not whole is in a folder that nobody uses. */
const DECIDES = "releases/(trial|ends|mark)";

/** Kills each process of an upgrade before its n-th step, for one n after the other, until an upgrade comes through. */
async function killedAtEachStep(context: Context): Promise<void> {
  const trial = await Trial.start(context, { flags: ["--allow", "agent.upgrade"] });
  const releases = join(trial.agent.dataFolder, "releases");
  const orders = await Promise.all(
    ["0.2.0", "0.2.1"].map(async (version) => {
      const { archive } = await aRelease(trial.world, version);
      // One takes the place of the other, again and again.
      const release = await signedBy(trial.world, archive, version, { flags: ["--may-go-back", "yes"] });
      return { version, given: { release, path: archive, startWithin: 120 } };
    }),
  );
  const ends: string[] = [];
  let running = "0.1.0";
  assert.equal(await trial.agent.stop(), 0);
  for (let step = 1; step <= (context.isFull ? MOST_STEPS : SHORT_STEPS); step += context.isFull ? 1 : 3) {
    const order = orders.find(({ version }) => version !== running) ?? assert.fail("there is another one");
    await trial.startAgent(launched(releases, { environment: killing(step) }));
    const job = await createJob(trial.world, "gw1", "agent.upgrade", order.given, { runTimeout: 3_600 });
    const isOver = async () => !trial.agent.isRunning || (await trial.hasEnded(job));
    await trial.told(() =>
      eventually(isOver, "the upgrade to end, or a process of it to be killed", 300_000).then(() => {}),
    );
    const wasKilled = /killed before/.test(trial.agent.output);
    if (trial.agent.isRunning) await trial.agent.stop();
    // What else of it still runs goes down with the power.
    await trial.agent.kill();

    const since = Date.now();
    await trial.startAgent(launched(releases));
    const { state, reason, detail } = await trial.endOf(job);
    assert.ok(
      state === "succeeded" || reason === "rolled-back",
      `${state} ${reason}: ${detail}\n${trial.agent.output}`,
    );
    if (state === "succeeded") running = order.version;
    await trial.give("ping");
    await trial.recovered(since);
    assert.match(trial.agent.output, new RegExp(`"version":"${running.replaceAll(".", "\\.")}"`));
    ends.push(`${step}: ${state === "succeeded" ? "new" : "old"}`);
    assert.equal(await trial.agent.stop(), 0, trial.agent.output);
    if (!wasKilled) break;
  }
  context.recorder.note(`killed before each step, then the old or the new release runs: ${ends.join(", ")}`);
  await trial.startAgent();
  await trial.agent.said(/agent started/);
  await trial.settle();
}

/** For every process of Node that the launcher starts. */
function killing(step: number): Readonly<Record<string, string>> {
  const { node = [] } = preloaded("kill-at-step", {});
  return { NODE_OPTIONS: node.join(" "), EDGEMERE_FAULT_STEP: String(step), EDGEMERE_FAULT_FILES: DECIDES };
}

export const upgrades: readonly Scenario[] = [
  {
    id: "F66",
    title: "kill -9 of the agent, its watcher and the release on trial before each step of an upgrade",
    layer: 3,
    rounds: { short: 1, full: 1 },
    run: killedAtEachStep,
  },
];
