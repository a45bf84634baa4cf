import assert from "node:assert/strict";
import { eventually, startWorld, type World } from "../../world/world.ts";
import { peakMemory } from "../peaks.ts";
import type { Context, Scenario } from "../scenario.ts";

const DEVICES = { short: 10, full: 60 };
/** Dangerous commands of one kind that one caller, and so one policy, gets in a minute. */
const MOST = 3;
const BAD = "false";
const CONDITION = 'presence == "online" && value("memory.total_bytes") > 0';

/** A policy that holds everywhere and does harm where it holds: a dry run says so before, the cap bounds it, an event tells of it, and disabling it ends it. */
async function badPolicy(context: Context): Promise<void> {
  const devices = context.isFull ? DEVICES.full : DEVICES.short;
  const flags = ["--dangerous-per-minute", String(MOST), "--dangerous-per-hour", "1000"];
  const world = context.own(await startWorld({ devices, controlPlane: { flags } }));
  const { client } = world;
  await eventually(async () => {
    const { fired } = await client.call("sa/pe/policy/dryrun", { condition: CONDITION });
    return fired.length === devices;
  }, "the dry run to say that it would hold on every device");
  assert.equal(timesRun(world), 0, "a dry run does nothing");

  for (let round = 0; round < context.rounds; round++) {
    const name = `bad-${round}`;
    const [since, before] = [Date.now(), timesRun(world)];
    const { next } = await client.call("ia/event/list", { limit: 1 });
    const effects = [{ do: "command", kind: "exec", arguments: { argv: [BAD] } } as const];
    await client.call("sa/pe/policy/create", { name, condition: CONDITION, effects });
    await eventually(async () => {
      const { events } = await client.call("ia/event/list", { after: next, limit: 500, type: ["commandcap.*"] });
      return events.some(({ subject }) => subject === `policy:${name}/exec`);
    }, "the cap to tell who asks for too much");
    await client.call("sa/pe/policy/disable", { policy: name });
    await eventually(async () => {
      const { items } = await client.call("cpl/dm/job/list", { limit: 500 });
      return items.every(({ state }) => state !== "running");
    }, "what it had asked for to end");

    // On a slow machine a minute may be over before somebody disables it.
    const minutes = Math.ceil((Date.now() - since) / 60_000);
    const harmed = timesRun(world) - before;
    assert.ok(harmed > 0 && harmed <= MOST * minutes, `${harmed} devices were harmed in ${minutes} minutes`);
    context.recorder.round();
    context.recorder.recovered(Date.now() - since);
    context.recorder.note(`${harmed} of ${devices} devices had what the policy wanted`);
  }
  context.recorder.memory("control plane", await peakMemory(world.controlPlane.pid));
}

const timesRun = ({ devices }: World) =>
  devices.flatMap(({ host }) => host.started).filter(([name]) => name === BAD).length;

export const badPolicies: readonly Scenario[] = [
  {
    id: "F65b",
    title: "a policy that holds on every device and does harm where it holds",
    layer: 3,
    rounds: { short: 1, full: 10 },
    run: badPolicy,
  },
];
