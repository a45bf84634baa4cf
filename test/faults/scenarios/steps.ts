import assert from "node:assert/strict";
import { commandKinds, type CommandKind } from "@edgemere/protocol";
import type { Launch } from "../../world/program.ts";
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
/** What the step is called that starts the program. */
const EFFECT = "the effect";

/** Kills the agent right before each step of its start, and then of a command of each kind, one after another, until it comes through. */
async function killedAtEachStep(context: Context): Promise<void> {
  const allowed = kinds.filter((kind) => commandKinds[kind].dangerous).flatMap((kind) => ["--allow", kind]);
  const trial = await Trial.start(context, { flags: allowed });
  assert.equal(await trial.agent.stop(), 0, trial.agent.output);
  const places = [`a start: ${await everyStepOfAStart(trial)}`];
  for (const kind of kinds) {
    // A short round looks at every step of what must run once, and at some of the others.
    const stride = context.isFull || commandKinds[kind].onInterrupt === "once" ? 1 : 6;
    const died = await everyStep(trial, kind, stride);
    places.push(`${kind}: ${died.length}`);
    for (const each of died) await assertInterrupted(trial, kind, each);
    if (kind === "exec") assert.ok(died.some(({ before }) => before === EFFECT));
  }
  await restarted(trial);
  await trial.settle();
  context.recorder.note(`killed before so many steps of ${places.join(", ")}`);
}

/** Under this an agent dies right before so many steps have been taken since its start. */
const dyingInStart = (step: number) => preloaded("kill-at-step", { EDGEMERE_FAULT_STEP: String(step) });
/** The same since SIGUSR2; that a journal is written anew by its first command belongs to the start. */
const dyingIn = (step: number) =>
  preloaded("kill-at-step", {
    EDGEMERE_FAULT_STEP: String(step),
    EDGEMERE_FAULT_FROM: "SIGUSR2",
    EDGEMERE_FAULT_FILES: "commands/(journal$|change)|spool/result/",
  });

interface Death {
  readonly job: string;
  readonly before: string;
}

/** With a command that waits for it; gives how many there are. */
async function everyStepOfAStart(trial: Trial): Promise<number> {
  const job = await trial.give("ping");
  for (let step = 1; step <= MOST_STEPS; step++) {
    await trial.startAgent(dyingInStart(step));
    if ((await deathIn(trial, job)) === undefined) return step - 1;
  }
  throw new Error(`a start takes more than ${MOST_STEPS} steps`);
}

/** Each start takes the command before to its end, and dies in the next one. */
async function everyStep(trial: Trial, kind: CommandKind, stride: number): Promise<readonly Death[]> {
  const deaths: Death[] = [];
  for (let step = 1; step <= MOST_STEPS; step += stride) {
    await restarted(trial, dyingIn(step));
    trial.agent.signal("SIGUSR2");
    await trial.agent.said(/steps are counted/);
    const job = await trial.give(kind);
    const before = await deathIn(trial, job);
    if (before === undefined) return deaths;
    deaths.push({ job, before });
  }
  throw new Error(`a ${kind} takes more than ${MOST_STEPS} steps`);
}

async function restarted(trial: Trial, launch?: Launch): Promise<void> {
  const since = Date.now();
  await trial.startAgent(launch);
  await trial.agent.said(/agent started/);
  await trial.recovered(since);
}

/** The step before which the agent died while it had this to do; undefined when it came through and was stopped. */
async function deathIn(trial: Trial, job: string): Promise<string | undefined> {
  const { agent } = trial;
  await eventually(async () => !agent.isRunning || (await trial.hasEnded(job)), "a command to end or its agent to die");
  // Its last steps come after its end is told; whoever stops waits for them.
  if (agent.isRunning) await agent.stop();
  await agent.ended();
  return /killed before (.*)\n/.exec(agent.output)?.[1];
}

/** Started on paper, and nobody knows whether it was in truth: what must run once is interrupted. */
async function assertInterrupted(trial: Trial, kind: CommandKind, { job, before }: Death): Promise<void> {
  if (commandKinds[kind].onInterrupt !== "once" || before !== EFFECT) return;
  assert.equal((await trial.endOf(job)).state, "interrupted");
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
