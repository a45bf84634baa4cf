import assert from "node:assert/strict";
import type { SimulatedDevice } from "@edgemere/simulators";
import { eventually, startWorld, type World } from "../../world/world.ts";
import type { Context, Scenario } from "../scenario.ts";
import { peakMemory } from "../peaks.ts";

const DEVICES = { short: 10, full: 60 };
const WAVE = 3;
const [BAD, UNDOING] = ["false", "true"];

/** An update that is bad everywhere, tried on some first: those go back, and nobody else ever hears of it. */
async function badUpdate(context: Context): Promise<void> {
  const devices = context.isFull ? DEVICES.full : DEVICES.short;
  const world = context.own(await startWorld({ devices, labels: { fleet: "f" } }));
  for (let round = 0; round < context.rounds; round++) {
    const since = Date.now();
    const before = timesRun(world, BAD);
    // Others each time: one that failed thrice within a day is left alone, and no wave would be as large as it is meant to be.
    const begin = (round % Math.floor(devices / WAVE)) * WAVE;
    const first = world.devices.slice(begin, begin + WAVE);
    const { plan, waves } = await world.client.call("cpl/dm/job/plan", {
      devices: world.devices.map(({ name }) => name),
      kind: "exec",
      arguments: { argv: [BAD] },
      waves: [{ selector: `name in (${first.map(({ name }) => name).join(",")})` }],
      abort: [{ percent: 50, least: WAVE }],
      rollback: { kind: "exec", arguments: { argv: [UNDOING] } },
    });
    assert.deepEqual(waves, [WAVE, devices - WAVE]);
    const { id } = await world.client.call("cpl/dm/job/apply", { plan });
    const { stop, undoneBy } = await eventually(async () => {
      const row = await world.client.call("cpl/dm/rollout/find", { rollout: id });
      return ["rolledback", "rollbackfailed"].includes(row.state) && row;
    }, "the rollout to be undone");

    const undoing = await world.client.call("cpl/dm/rollout/find", { rollout: undoneBy?.rollout ?? "" });
    assert.deepEqual([stop?.reason, undoing.state], ["abort-rule", "succeeded"]);
    assert.equal(timesRun(world, BAD) - before, WAVE, "as many devices are harmed as the first wave has");
    for (const device of world.devices.filter((each) => hasRun(each, BAD)))
      assert.equal(device.host.started.at(-1)?.[0], UNDOING, `${device.name} went back`);
    context.recorder.round();
    context.recorder.recovered(Date.now() - since);
  }
  context.recorder.memory("control plane", await peakMemory(world.controlPlane.pid));
  context.recorder.note(`${WAVE} of ${devices} devices had each bad update, and went back`);
}

const hasRun = ({ host }: SimulatedDevice, program: string) => host.started.some(([name]) => name === program);
const timesRun = ({ devices }: World, program: string) =>
  devices.flatMap(({ host }) => host.started).filter(([name]) => name === program).length;

export const badUpdates: readonly Scenario[] = [
  {
    id: "F65",
    title: "a bad update in the first wave of a rollout",
    layer: 3,
    rounds: { short: 1, full: 20 },
    run: badUpdate,
  },
];
