import assert from "node:assert/strict";
import type { InputOf } from "../../platform/action.ts";
import type { Caller } from "../../platform/caller.ts";
import { updated } from "../../platform/change.ts";
import { aDevice } from "../device.test-support.ts";
import { device } from "../devices/contract.ts";
import {
  applyPlan,
  command,
  explainJob,
  findRollout,
  planJob,
  rolloutTarget,
  type Rollout,
  type RolloutTarget,
} from "./contract.ts";
import type { TestCore } from "../../platform/core.test-support.ts";
import { aReport, startJobs, type World as JobsWorld } from "./jobs.test-support.ts";

/** What of a world is needed here: the jobs' own has it, and one with more features too. */
type World = Omit<TestCore<never>, "link">;

type Wish = InputOf<typeof planJob>;

/** A fleet of so many devices, f000 and on; beside the two that the jobs' world has. */
export async function startFleet(
  size: number,
  over: Parameters<typeof startJobs>[0] & {
    readonly each?: (place: number) => Parameters<typeof aDevice>[1];
  } = {},
): Promise<JobsWorld> {
  const { each = () => ({}), ...rest } = over;
  const world = await startJobs(rest);
  for (let place = 0; place < size; place++)
    await world.store.commit(aDevice(idOf(place), { labels: { fleet: "f" }, ...each(place) }));
  return world;
}

const permissions = ["*", "command:exec", "job:approve"];
/** Who may ask for everything, and say the second word to what the other one asked for. */
export const alice = { actor: "user:alice", account: "alice", permissions };
export const bob = { actor: "user:bob", account: "bob", permissions };
/** Something dangerous. */
export const exec = { kind: "exec", arguments: { argv: ["true"] } } as const;

export const idOf = (place: number): string => `f${String(place).padStart(3, "0")}`;

/** Plans a ping for the fleet, unless told otherwise, and carries the plan out. */
export async function roll(world: World, over: Partial<Wish> = {}, caller: Partial<Caller> = {}): Promise<Rollout> {
  const { plan } = await world.call(planJob, { selector: "fleet=f", kind: "ping", ...over }, caller);
  const { id } = await world.call(applyPlan, { plan }, caller);
  await steps(world);
  return lookAt(world, id);
}

/** Lets the loops look a few times. */
export async function steps(world: World, seconds = 3): Promise<void> {
  for (let second = 0; second < seconds; second++) await world.advance(1_000);
}

export const lookAt = (world: World, id: string): Promise<Rollout> => world.call(findRollout, { rollout: id });

/** The targets of a rollout in these states, by device. */
export async function targetsIn(world: World, id: string, ...states: readonly string[]): Promise<RolloutTarget[]> {
  const found: RolloutTarget[] = [];
  for await (const each of world.store.scan(rolloutTarget, { index: "rollout", prefix: [id] }))
    if (states.length === 0 || states.includes(each.state)) found.push(each);
  return found;
}

export const devicesIn = async (world: World, id: string, ...states: readonly string[]): Promise<readonly string[]> =>
  (await targetsIn(world, id, ...states)).map((each) => each.device);

/** What the devices that are under way answer; those of which nothing is told succeed. */
export async function answer(
  world: World,
  id: string,
  how: (device: string) => "succeeded" | "failed" | "nothing" | "rejected" = () => "succeeded",
  over: Parameters<typeof aReport>[2] = {},
): Promise<number> {
  let count = 0;
  for (const { device: own, job = "" } of await targetsIn(world, id, "active")) {
    const [row] = (await world.store.list(command, { index: "job", prefix: [job] })).items;
    const phase = how(own);
    if (row === undefined || phase === "nothing") continue;
    if (row.state === "queued") await world.hello(own);
    await world.report(own, "result", aReport(row, phase, phase === "succeeded" ? {} : { reason: "failed", ...over }));
    count++;
  }
  await steps(world);
  return count;
}

export async function change(world: World, id: string, over: Parameters<typeof aDevice>[1]): Promise<void> {
  const row = await world.store.get(device, id);
  assert.ok(row);
  await world.store.commit(updated(device, row, over ?? {}));
}

/** The first reason that explain names. */
export const why = async (world: World, id: string, of = "f000"): Promise<string> =>
  (await world.call(explainJob, { device: of, job: id })).reason;
