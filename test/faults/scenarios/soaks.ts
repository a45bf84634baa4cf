import assert from "node:assert/strict";
import { readdir } from "node:fs/promises";
import { residentNow } from "../peaks.ts";
import type { Context, Scenario } from "../scenario.ts";
import { lasting } from "../tools/pause.ts";
import { Trial } from "../trial.ts";

const SECOND = 1_000;
const HOUR = 3_600 * SECOND;
/** A round is a minute, in which one of a hundred times something goes wrong; a short one is a moment, and every second goes wrong. */
const ROUND = { short: SECOND, full: 60 * SECOND };
const CHANCE = { short: 0.5, full: 0.01 };
const FROZEN = 3 * SECOND;
/** MiB an hour. */
const STEEPEST = 1;
/** What a process may have open more than after its first minutes. */
const MORE_OPEN = 10;
/** A slope of less time is noise. */
const LEAST = HOUR / 2;

interface Sample {
  readonly at: number;
  readonly resident: number;
  readonly open: number;
}

/** Work and faults for as many minutes as there are rounds: nothing is lost, and nothing grows. */
async function soak(context: Context): Promise<void> {
  const mode = context.isFull ? "full" : "short";
  const trial = await Trial.start(context);
  // A process that is started anew begins anew.
  const lives = new Map<string, Sample[]>();
  let faults = 0;
  for (let round = 0; round < context.rounds; round++) {
    const since = Date.now();
    await trial.giveWork();
    if (context.random.next() < CHANCE[mode]) {
      faults++;
      await inflict(trial, Math.floor(context.random.next() * 3));
    }
    await trial.recovered(since);
    await sampled(trial, lives);
    await lasting(Math.max(0, ROUND[mode] - (Date.now() - since)));
  }
  const long = [...lives.values()].filter((each) => spanOf(each) >= LEAST);
  context.recorder.bar("MiB more an hour", Math.max(0, ...long.map(slopeOf)), STEEPEST);
  context.recorder.bar("more open files", Math.max(0, ...[...lives.values()].map(moreOpen)), MORE_OPEN);
  context.recorder.note(`${faults} faults in ${context.rounds} rounds, ${lives.size} processes`);
  await trial.settle();
}

async function inflict(trial: Trial, which: number): Promise<void> {
  const { agent, world } = trial;
  if (which === 0) {
    await agent.kill();
    await trial.startAgent();
  } else if (which === 1) {
    await world.controlPlane.kill();
    await world.controlPlane.start();
  } else {
    agent.signal("SIGSTOP");
    await lasting(FROZEN);
    agent.signal("SIGCONT");
  }
}

async function sampled({ agent, world }: Trial, lives: Map<string, Sample[]>): Promise<void> {
  for (const [name, pid] of [
    ["agent", agent.pid],
    ["control plane", world.controlPlane.pid],
  ] as const) {
    const open = (await readdir(`/proc/${pid}/fd`)).length;
    const life = lives.get(`${name} ${pid}`) ?? [];
    life.push({ at: Date.now(), resident: await residentNow(pid), open });
    lives.set(`${name} ${pid}`, life);
    assert.ok(open > 0);
  }
}

const spanOf = (life: readonly Sample[]) => (life.at(-1)?.at ?? 0) - (life[0]?.at ?? 0);

/** MiB an hour, by the least squares over the second half: first it fills its caches. */
function slopeOf(life: readonly Sample[]): number {
  const some = life.slice(Math.floor(life.length / 2));
  const mean = (of: (each: Sample) => number) => some.reduce((sum, each) => sum + of(each), 0) / some.length;
  const [at, resident] = [mean((each) => each.at), mean((each) => each.resident)];
  const over = some.reduce((sum, each) => sum + (each.at - at) * (each.resident - resident), 0);
  const under = some.reduce((sum, each) => sum + (each.at - at) ** 2, 0);
  return under === 0 ? 0 : (over / under) * HOUR;
}

const moreOpen = (life: readonly Sample[]): number =>
  (life.at(-1)?.open ?? 0) - Math.max(...life.slice(0, 5).map(({ open }) => open));

export const soaks: readonly Scenario[] = [
  {
    id: "F64",
    title: "a day of work with a fault in one of a hundred minutes; --rounds tells how many minutes",
    layer: 3,
    rounds: { short: 2, full: 1_440 },
    longest: ({ rounds }) => 2 * rounds * ROUND.full,
    run: soak,
  },
];
