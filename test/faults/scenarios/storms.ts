import assert from "node:assert/strict";
import { quantile } from "../../bench/statistics.ts";
import { identify } from "../../bench/mqtt-device.ts";
import { createJob, endOf } from "../../world/jobs.ts";
import { eventually, startWorld, type World } from "../../world/world.ts";
import { Loaded } from "../loaded.ts";
import { peakMemory } from "../peaks.ts";
import type { Context, Scenario } from "../scenario.ts";
import { ReadsNothing } from "../reads-nothing.ts";
import { lasting } from "../tools/pause.ts";

const SECOND = 1_000;
const PATIENCE = 300 * SECOND;

async function storm(context: Context): Promise<void> {
  for (const devices of context.isFull ? [1, 200, 500] : [50]) await stormOf(devices, context);
}

/** A device may try so often in a minute, taken over all of them. */
const TRIES_A_MINUTE = 3;
/** What it takes at the end of a storm, as a share of what it took at the first one's. */
const MEMORY_GROWTH = 1.25;

async function stormOf(devices: number, context: Context): Promise<void> {
  await using world = await startWorld({ devices, config: { sampleEvery: 10 * SECOND, reportEvery: 10 * SECOND } });
  // One on a host of its own: those of the storm share one process, which is as busy as the control plane.
  const other = await world.enrolAgent("other");
  const isWell = (device: (typeof world.devices)[number]) => {
    const status = device.status();
    return status?.isConnected === true && status.unacknowledged === 0;
  };
  const all = () => eventually(async () => world.devices.every(isWell), "every device to be well", PATIENCE);
  const times: number[] = [];
  const peaks: number[] = [];
  for (let round = 0; round < context.rounds; round++) {
    await all();
    await world.controlPlane.kill();
    assert.equal(await other.stop(), 0, other.output);
    await eventually(async () => !world.devices.some((each) => each.status()?.isConnected), "every device to know");
    await world.controlPlane.start();
    other.run();
    const since = performance.now();
    // To knock where nobody is costs nobody anything, and is not counted.
    const before = world.devices.map((each) => each.status()?.sessionEpoch ?? 0);
    const back = new Set<number>();
    const over = new AbortController();
    const answers = other.said(/"connected"/).then(() => answerTimes(world, "other", over.signal));
    await eventually(
      async () => {
        for (const [i, device] of world.devices.entries()) {
          if (back.has(i) || !isWell(device)) continue;
          back.add(i);
          times.push(performance.now() - since);
        }
        return back.size === devices;
      },
      `${devices} devices to come back`,
      PATIENCE,
    );
    const tries = world.devices.reduce(
      (sum, each, i) => sum + (each.status()?.sessionEpoch ?? 0) - (before[i] ?? 0),
      0,
    );
    over.abort();
    const waits = await answers;
    const slowest = Math.max(0, ...waits);
    const minutes = Math.max(1, (performance.now() - since) / (60 * SECOND));
    assert.ok(
      tries / devices / minutes <= TRIES_A_MINUTE,
      `${tries} tries of ${devices} devices in ${minutes} minutes`,
    );
    peaks.push(await peakMemory(world.controlPlane.pid));
    context.recorder.round();
    context.recorder.memory("control plane", peaks.at(-1) ?? 0);
    context.recorder.note(`${devices} devices: ${tries} tries, ${waits.length} pings meanwhile within ${slowest} ms`);
    context.recorder.bar("milliseconds for a ping of another device meanwhile", slowest, 2 * SECOND);
    const { items } = await world.client.call("cpl/dm/device/list", { limit: 500 });
    assert.deepEqual(
      items.filter(({ presence }) => presence === "offline"),
      [],
      "a restart calls nobody offline",
    );
    const { events } = await world.client.call("ia/event/list", { after: 0, type: ["device.offline"] });
    assert.deepEqual(events, [], "a restart calls nobody offline");
  }
  const [first = 0] = peaks;
  context.recorder.bar(`MiB after storms of ${devices}`, Math.max(...peaks), first * MEMORY_GROWTH);
  const [p50, p95, most] = [0.5, 0.95, 1].map((share) => quantile(times, share));
  for (const each of times) context.recorder.recovered(each);
  context.recorder.note(
    `${devices} devices back in ${[p50, p95, most].map((each) => ((each ?? 0) / SECOND).toFixed(1)).join(" / ")} s`,
  );
  if (devices === 200) context.recorder.bar("p95 of 200 devices, milliseconds", p95 ?? NaN, 5 * SECOND);
}

/** Asks a device for an answer, again and again; gives how long the control plane waited for each, milliseconds. */
async function answerTimes(world: World, device: string, over: AbortSignal): Promise<readonly number[]> {
  const times: number[] = [];
  do {
    const { state, createdAt, updatedAt } = await endOf(world, await createJob(world, device, "ping"));
    assert.equal(state, "succeeded");
    times.push(updatedAt - createdAt);
    await lasting(50);
  } while (!over.aborted);
  return times;
}

const COMMANDS = 240;
/** Of the 64 KiB that a command may have. */
const LARGE = 52_000;
const PIECE = 4_000;

async function readsNothing(context: Context): Promise<void> {
  const loaded = await Loaded.start(context, { devices: 5, every: 50 });
  const { client, controlPlane } = loaded.world;
  const { token } = await client.call("cpl/dm/token/create", { uses: context.rounds });
  for (let round = 0; round < context.rounds; round++) {
    const name = `deaf-${round}`;
    context.own(await ReadsNothing.connect(await identify(token, name), controlPlane.ready.ports.mqtt));
    const presence = async () => (await client.call("cpl/dm/device/find", { device: name })).presence;
    await eventually(async () => (await presence()) === "online", "the deaf one to be online");
    const words = { argv: ["true", ...Array.from({ length: LARGE / PIECE }, () => "x".repeat(PIECE))] };
    const before = await peakMemory(controlPlane.pid);
    for (let i = 0; i < COMMANDS; i++) {
      await client.call("cpl/dm/job/create", { device: name, kind: "exec", arguments: words, queueTimeout: 30 });
      if ((await presence()) !== "online") break;
    }
    const since = Date.now();
    await eventually(async () => (await presence()) !== "online", "the deaf one to be cut off");
    context.recorder.note(
      `cut off after ${((Date.now() - since) / SECOND).toFixed(1)} s, ${Math.round((await peakMemory(controlPlane.pid)) - before)} MiB more`,
    );
    await loaded.recovered(Date.now());
  }
  await loaded.settle();
}

export const storms: readonly Scenario[] = [
  {
    id: "F27",
    title: "1, 200, 500 devices that come back at once",
    layer: 3,
    rounds: { short: 1, full: 5 },
    run: storm,
  },
  {
    id: "F28",
    title: "device that reads nothing while commands pile up",
    layer: 3,
    rounds: { short: 1, full: 5 },
    run: readsNothing,
  },
];
