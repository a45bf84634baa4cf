import assert from "node:assert/strict";
import { eventually, startWorld } from "../../world/world.ts";
import type { Context, Scenario } from "../scenario.ts";
import { peakMemory } from "../peaks.ts";
import { spooled } from "../spooled.ts";
import { lasting } from "../tools/pause.ts";
import { Trial } from "../trial.ts";

const SECOND = 1_000;

async function frozenAgent(context: Context): Promise<void> {
  const trial = await Trial.start(context);
  const holds = context.isFull ? [5, 60, 600] : [0];
  for (const hold of holds) {
    await trial.giveWork();
    await trial.allEnded();
    const before = await trial.newest();
    trial.agent.signal("SIGSTOP");
    await trial.giveCounted({ queueTimeout: 3 });
    await lasting(hold * SECOND);
    if (hold !== 5) await trial.seen("offline");
    else await lasting(3 * SECOND);
    const since = Date.now();
    trial.agent.signal("SIGCONT");
    await trial.recovered(since);
    const last = (await trial.ends()).at(-1);
    assert.equal(last?.state, "expired", "what was too old when it came is not carried out");
    const seen = await trial.presences(before);
    assert.ok(seen.filter((each) => each === "online").length <= 1, `seen as ${seen.join(", ")}`);
    if (hold !== 5) assert.equal(seen.at(-1), "online");
    // What was produced by timers while it stood still comes once, not in a burst.
  }
  await trial.settle();
}

const DEVICES = { short: 10, full: 100 };

async function frozenControlPlane(context: Context): Promise<void> {
  const devices = context.isFull ? DEVICES.full : DEVICES.short;
  const world = context.own(await startWorld({ devices }));
  await eventually(
    async () => world.devices.every((each) => each.status()?.isConnected),
    "every device to be connected",
  );
  const epochs = () => world.devices.reduce((sum, each) => sum + (each.status()?.sessionEpoch ?? 0), 0);
  for (let round = 0; round < context.rounds; round++) {
    const before = epochs();
    world.controlPlane.signal("SIGSTOP");
    await lasting((context.isFull ? 40 : 8) * SECOND);
    const since = Date.now();
    world.controlPlane.signal("SIGCONT");
    await eventually(
      async () => world.devices.every((each) => each.status()?.isConnected && each.status()?.unacknowledged === 0),
      "every device to be connected and all it had to be stored",
      180 * SECOND,
    );
    context.recorder.round();
    context.recorder.recovered(Date.now() - since);
    context.recorder.memory("control plane", await peakMemory(world.controlPlane.pid));
    const tries = epochs() - before;
    context.recorder.note(`${devices} devices, ${tries} new sessions`);
    assert.ok(tries <= 3 * devices, `${tries} connections of ${devices} devices`);
  }
}

async function suspended(context: Context): Promise<void> {
  const trial = await Trial.start(context, { flags: ["--sample", "1s", "--report", "1s"] });
  for (let round = 0; round < context.rounds; round++) {
    await trial.giveWork();
    await trial.allEnded();
    trial.agent.signal("SIGSTOP");
    const from = Date.now();
    const before = { records: await produced(trial), event: await trial.newest() };
    await lasting((context.isFull ? 60 : 12) * SECOND);
    const since = Date.now();
    trial.agent.signal("SIGCONT");
    await trial.recovered(since);
    // One for what it had begun to measure, one at once, one for each second since: no hundred for the time of sleep.
    const records = (await produced(trial)) - before.records;
    const most = 2 + Math.ceil((Date.now() - since) / SECOND);
    assert.ok(records <= most, `${records} records in the first moments, ${most} at most are due`);
    const comings = (await trial.presences(before.event)).filter((each) => each === "online");
    assert.ok(comings.length <= 1, "it comes back once");
    const { series } = await trial.world.client.call("cpl/ta/history", {
      device: "gw1",
      metric: ["cpu.busy_percent"],
      from,
    });
    const at = series.flatMap((each) => each.at).filter((each) => each > from + SECOND);
    assert.ok(at.length > 0 && new Set(at).size === at.length, "no instant is measured twice");
    const asleep = at.filter((each) => each < since - SECOND);
    assert.deepEqual(asleep, [], "nothing is made up for the time of sleep");
  }
  await trial.settle();
}

/** How many records of telemetry the agent has made so far. */
const produced = async ({ agent }: Trial) => (await spooled(agent.dataFolder, "telemetry")).produced;

export const frozen: readonly Scenario[] = [
  {
    id: "F06",
    title: "agent frozen until it is called offline, then thawed",
    layer: 3,
    rounds: { short: 1, full: 3 },
    run: frozenAgent,
  },
  {
    id: "F07",
    title: "control plane frozen, then thawed",
    layer: 3,
    rounds: { short: 1, full: 3 },
    run: frozenControlPlane,
  },
  {
    id: "F53",
    title: "agent suspended and resumed: timers fire once",
    layer: 3,
    rounds: { short: 1, full: 5 },
    run: suspended,
  },
];
