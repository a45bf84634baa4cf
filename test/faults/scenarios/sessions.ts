import assert from "node:assert/strict";
import { join } from "node:path";
import { loadIdentity } from "@edgemere/agent";
import { nodeDisk } from "@edgemere/protocol/kit";
import { eventually, startWorld } from "../../world/world.ts";
import { ReadsNothing } from "../reads-nothing.ts";
import type { Context, Scenario } from "../scenario.ts";
import { preloaded } from "../tools/launches.ts";
import { lasting } from "../tools/pause.ts";
import { Trial } from "../trial.ts";
import { restarted } from "./kills.ts";

const MINUTE = 60_000;
const RECHECK = 5_000;

async function takenOver(context: Context): Promise<void> {
  const trial = await Trial.start(context);
  const identity = await loadIdentity(nodeDisk(trial.agent.dataFolder));
  assert.ok(identity);
  const before = await trial.newest();
  for (let round = 0; round < context.rounds; round++) {
    await trial.giveWork();
    await using _twin = await ReadsNothing.connect(identity, trial.world.controlPlane.ready.ports.mqtt);
    await trial.doubted();
    await trial.recovered();
    // Each loss makes the agent wait longer, as it should.
    await restarted(trial);
    await trial.recovered();
  }
  const seen = await trial.presences(before);
  // What the agent says itself when it is restarted is no noise.
  const noise = seen.filter((each) => each === "offline").length - context.rounds;
  assert.ok(noise <= 0, `seen as ${seen.join(", ")}`);
  await trial.settle();
}

/** The broker's memory of wills outlives it, as it would in a database: those of devices that are back are swept, and say that they are gone. */
async function brokerGone(context: Context): Promise<void> {
  const devices = context.isFull ? 100 : 20;
  const launch = preloaded("lasting-wills", { EDGEMERE_FAULT_WILLS: join(context.folder, "wills") });
  const world = context.own(await startWorld({ devices, controlPlane: { launch } }));
  const { controlPlane, client } = world;
  const isWell = () => world.devices.every((each) => each.status()?.isConnected === true);
  for (let round = 0; round < context.rounds; round++) {
    await eventually(async () => isWell(), "every device to be connected", 3 * MINUTE);
    await controlPlane.kill();
    const since = Date.now();
    await controlPlane.start();
    await eventually(async () => isWell(), "every device to be connected again", 5 * MINUTE);
    context.recorder.round();
    context.recorder.recovered(Date.now() - since);
    const before = await client.call("ia/event/list", { limit: 1 });
    controlPlane.signal("SIGUSR2");
    const isSwept = async () => controlPlane.output.includes(`swept ${devices} wills of a broker that is gone`);
    await eventually(isSwept, "the wills to be swept");
    // After a will a device is looked for once more before it counts as gone.
    await lasting(2 * RECHECK);
    assert.ok(controlPlane.isRunning, "the control plane lives on");
    const { events } = await client.call("ia/event/list", {
      after: before.next,
      type: ["device.silent", "device.offline"],
      limit: 500,
    });
    assert.deepEqual(
      events.map(({ subject, type }) => `${subject} ${type}`),
      [],
      "nobody is called away who is there",
    );
    const { items } = await client.call("cpl/dm/device/list", { limit: 500 });
    assert.equal(items.filter(({ presence }) => presence === "online").length, devices);
  }
  const { events } = await client.call("ia/event/list", { after: 0, type: ["device.offline"] });
  assert.deepEqual(events, [], "nobody is called offline");
  context.recorder.note(`${devices} wills swept in each round`);
}

async function brokerForgets(context: Context): Promise<void> {
  const trial = await Trial.start(context);
  const { controlPlane } = trial.world;
  await controlPlane.stop();
  await controlPlane.start({ launch: preloaded("failing-persistence", {}) });
  await restarted(trial);
  await trial.recovered();
  for (let round = 0; round < context.rounds; round++) {
    controlPlane.signal("SIGUSR2");
    await trial.giveWork();
    await trial.recovered();
    assert.ok(controlPlane.isRunning, "the control plane lives on");
    // Each loss makes the agent wait longer, as it should.
    await restarted(trial);
  }
  await trial.settle();
}

export const sessions: readonly Scenario[] = [
  { id: "F44", title: "same device connected twice", layer: 3, rounds: { short: 2, full: 20 }, run: takenOver },
  { id: "F45", title: "broker that goes with all its wills", layer: 3, rounds: { short: 1, full: 3 }, run: brokerGone },
  {
    id: "F47",
    title: "broker that cannot keep what it is to deliver",
    layer: 3,
    rounds: { short: 1, full: 20 },
    run: brokerForgets,
  },
];
