import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { createClient } from "@edgemere/control-plane/client";
import type { World } from "../../world/world.ts";
import type { Context, Scenario } from "../scenario.ts";
import { wallClock } from "../tools/launches.ts";
import { lasting } from "../tools/pause.ts";
import { Trial } from "../trial.ts";
import { losses } from "./cables.ts";

const SECOND = 1_000;
const DAY = 24 * 3_600 * SECOND;

/** A clock whose error stands in a file. */
async function clockIn(folder: string) {
  const file = join(folder, "clock");
  const set = (offset: string) => writeFile(file, `${offset}\n`);
  await set("+0");
  return { launch: wallClock(file), set };
}

/** What was measured by a wrong clock tells nothing of when. */
const untimed = { isTimed: false };

async function bornIn1970(context: Context): Promise<void> {
  const trial = await Trial.start(context);
  const { agent } = trial;
  const clock = await clockIn(context.folder);
  for (let round = 0; round < context.rounds; round++) {
    await trial.giveWork();
    assert.equal(await agent.stop(), 0);
    await clock.set(`-${Math.floor(Date.now() / DAY)}d`);
    agent.run(clock.launch);
    await agent.said(/agent started/);
    await trial.giveWork();
    await lasting((context.isFull ? 300 : 5) * SECOND);
    assert.ok(agent.isRunning, "it works in 1970 as well");
    context.recorder.note(losses(trial) === 0 ? "it connects in 1970" : "in 1970 no certificate is valid yet");
    const since = Date.now();
    await clock.set("+0");
    await trial.recovered(since, untimed);
  }
  await trial.settle();
}

async function steps(context: Context): Promise<void> {
  const clock = await clockIn(context.folder);
  const trial = await Trial.start(context, { agent: { launch: clock.launch } });
  const before = await trial.newest();
  for (let round = 0; round < context.rounds; round++)
    for (const offset of ["-1h", "+0", "+1d", "+0", "+3650d", "+0"]) {
      const since = Date.now();
      await clock.set(offset);
      await trial.giveWork();
      await trial.recovered(since, untimed);
    }
  const states = (await trial.ends()).map(({ state }) => state);
  assert.deepEqual([...new Set(states)], ["succeeded"], "a command's deadline is the control plane's business");
  assert.deepEqual(await trial.presences(before), [], "no timer hears of it");
  await trial.settle();
}

/** Milliseconds between a stored sample's time and the true one. */
const TRACKED_WITHIN = SECOND;
const WINDOW = 2 * SECOND;

/** Each ten seconds its clock gains another one. */
async function drift(context: Context): Promise<void> {
  const clock = await clockIn(context.folder);
  await clock.set("+0 x1.1");
  const trial = await Trial.start(context, { agent: { launch: clock.launch } });
  for (let round = 0; round < context.rounds; round++) {
    const errors: number[] = [];
    const until = Date.now() + (context.isFull ? 120 : 24) * SECOND;
    while (Date.now() < until) errors.push(await errorOfStored(trial));
    const worst = errors.reduce((most, each) => (Math.abs(each) > Math.abs(most) ? each : most), 0);
    context.recorder.note(`stored times off by ${worst} ms at most, on a clock that gains 6 s a minute`);
    assert.ok(Math.abs(worst) <= TRACKED_WITHIN, `a stored time is off by ${worst} ms`);
    await trial.giveWork();
    await trial.recovered(Date.now(), untimed);
  }
  assert.ok((await trial.ends()).every(({ state }) => state === "succeeded"));
  await trial.settle();
}

/**
 * How late the newest samples come, of some the least: the rest is the way they took. The control plane's clock is that of
 * this program, and no sample is stored before it was measured.
 */
async function errorOfStored(trial: Trial): Promise<number> {
  const until = Date.now() + WINDOW;
  let least = Infinity;
  let last = await trial.latestAt();
  while (Date.now() < until || least === Infinity) {
    await lasting(20);
    const newest = await trial.latestAt();
    if (newest !== last) least = Math.min(least, Date.now() - newest);
    last = newest;
  }
  return least;
}

/** Whoever signed in would have to do so again after two days. */
async function withLastingToken(world: World): Promise<World> {
  const { token } = await world.client.call("ia/token/create", { name: "faults", permissions: ["*", "command:exec"] });
  return { ...world, client: createClient({ baseUrl: world.baseUrl, token, newKey: randomUUID }) };
}

async function controlPlaneAhead(context: Context): Promise<void> {
  const clock = await clockIn(context.folder);
  const trial = await Trial.start(context, { prepare: withLastingToken });
  const { controlPlane } = trial.world;
  await clock.set("+2d");
  await controlPlane.stop();
  await controlPlane.start({ launch: clock.launch });
  await trial.giveWork();
  await trial.recovered(Date.now(), untimed);
  await clock.set("+0");
  await trial.giveWork();
  await trial.recovered(Date.now(), untimed);
  const states = (await trial.ends()).map(({ state }) => state);
  assert.deepEqual([...new Set(states)], ["succeeded"], "one wrong time does not make commands too old");
  await trial.settle();
}

const faked = { layer: 3, needs: ["faketime"] } as const;

export const clocks: readonly Scenario[] = [
  {
    id: "F49",
    title: "agent that starts in 1970 and is told the time later",
    ...faked,
    rounds: { short: 1, full: 3 },
    run: bornIn1970,
  },
  { id: "F50", title: "agent's clock steps by -1 h, +1 d, +10 y", ...faked, rounds: { short: 1, full: 5 }, run: steps },
  { id: "F51", title: "agent's clock a tenth too fast", ...faked, rounds: { short: 1, full: 5 }, run: drift },
  {
    id: "F52",
    title: "control plane's clock two days ahead, then right",
    ...faked,
    rounds: { short: 1, full: 1 },
    run: controlPlaneAhead,
  },
];
