import assert from "node:assert/strict";
import { commandKinds, type CommandKind } from "@edgemere/protocol";
import { eventually } from "../../world/world.ts";
import type { Context, Scenario } from "../scenario.ts";
import { preloaded } from "../tools/launches.ts";
import { Trial } from "../trial.ts";

/**
 * All but what would end or change this machine: those are cut off by tests of the agent, in a world of their own. And not a
 * terminal, at which somebody must sit, nor files and data, which need somebody who has them: those are killed in test/journeys; nor
 * an upgrade, which has scenarios of its own.
 */
const kinds = (Object.keys(commandKinds) as CommandKind[]).filter(
  (kind) => !["reboot", "terminal.open", "agent.upgrade"].includes(kind) && !/^(package|file|data)\./.test(kind),
);

/** No command has as many; each kind's steps are counted by coming to their end. */
const MOST_STEPS = 60;

/** Kills the agent right before each step that a command takes, one after another, until a command comes through. */
async function killedAtEachStep(context: Context): Promise<void> {
  const allowed = kinds.filter((kind) => commandKinds[kind].dangerous).flatMap((kind) => ["--allow", kind]);
  const trial = await Trial.start(context, { flags: allowed });
  const places: string[] = [];
  for (const kind of kinds) {
    // A short round looks at every step of what must run once, and at some of the others.
    const stride = context.isFull || commandKinds[kind].onInterrupt === "once" ? 1 : 6;
    const died = await everyStep(trial, kind, stride);
    places.push(`${kind}: ${died.length}`);
    for (const each of died) assertInterrupted(kind, each);
  }
  await trial.settle();
  context.recorder.note(`killed before so many steps of ${places.join(", ")}`);
}

interface Death {
  readonly before: string;
  readonly state: string;
}

async function everyStep(trial: Trial, kind: CommandKind, stride: number): Promise<readonly Death[]> {
  const deaths: Death[] = [];
  for (let step = 1; step <= MOST_STEPS; step += stride) {
    assert.equal(await trial.agent.stop(), 0, trial.agent.output);
    trial.agent.run(preloaded("kill-at-step", { EDGEMERE_FAULT_STEP: String(step) }));
    const job = await trial.give(kind);
    const isOver = async () => !trial.agent.isRunning || (await trial.hasEnded(job));
    await eventually(isOver, `a ${kind} to end or its agent to die`);
    // Its last steps come after its end is told; whoever stops waits for them.
    if (trial.agent.isRunning) await trial.agent.stop();
    await trial.agent.ended();
    const before = /killed before (.*)\n/.exec(trial.agent.output)?.[1];
    const since = Date.now();
    trial.agent.run();
    await trial.agent.said(/agent started/);
    if (before === undefined) return deaths;
    await trial.recovered(since);
    const [end] = (await trial.ends()).slice(-1);
    deaths.push({ before, state: end?.state ?? "" });
  }
  throw new Error(`a ${kind} takes more than ${MOST_STEPS} steps`);
}

/** Started on paper, and nobody knows whether it was in truth: what must run once is interrupted. */
function assertInterrupted(kind: CommandKind, { before, state }: Death): void {
  if (commandKinds[kind].onInterrupt === "once" && before === "the effect") assert.equal(state, "interrupted");
}

export const steps: readonly Scenario[] = [
  {
    id: "F02",
    title: "kill -9 of the agent before each step of a command: journal, start, effect, end, report",
    layer: 3,
    rounds: { short: 1, full: 1 },
    run: killedAtEachStep,
  },
];
