import assert from "node:assert/strict";
import { test } from "node:test";
import { pack } from "@edgemere/protocol";
import { SECOND } from "@edgemere/protocol/kit";
import { ManualClock } from "@edgemere/protocol/simulated";
import { memoryDatabase } from "../../platform/database.ts";
import type { SessionNews } from "../../platform/feature.ts";
import { aDevice } from "../device.test-support.ts";
import { device, retireDevice } from "./contract.ts";
import { startDevices, type World } from "./devices.test-support.ts";
import { RECHECK_AFTER, RETURN_WITHIN, sightAfter, type Sight } from "./presence.ts";

const known = (sight: Sight) => ({ sight, epoch: 5, changes: [] });
const opened = (epoch: number): SessionNews => ({ device: "d1", kind: "opened", reason: "hello", epoch });
const closed = (epoch: number, reason = "lost"): SessionNews => ({ device: "d1", kind: "closed", reason, epoch });

for (const [title, row, news, expected] of [
  ["a device that was offline and says hello is online", known("offline"), opened(6), "online"],
  ["a silent one that says hello is online", known("silent"), opened(6), "online"],
  ["one that stops cleanly is offline at once", known("online"), closed(5, "stopped"), "offline"],
  ["one whose will speaks is silent", known("online"), closed(5), "silent"],
  ["the end of a session whose beginning was never heard counts", known("online"), closed(6), "silent"],
  ["the late end of an older session means nothing", known("online"), closed(4, "stopped"), undefined],
  ["a silent one whose stop comes after its will is offline", known("silent"), closed(5, "stopped"), "offline"],
  ["one that is offline does not become silent by a late will", known("offline"), closed(5), undefined],
] as const) {
  test(`of a device's presence: ${title}`, () => {
    assert.equal(sightAfter(row, news), expected);
  });
}

const hello = (epoch: number) =>
  pack(
    "hello",
    { device: "d1" },
    {
      bootId: "boot-2",
      sessionEpoch: epoch,
      agentVersion: "0.3.0",
      capabilities: ["command:exec"],
      lastExitReason: "crash",
      time: { wallMs: new ManualClock().now() + 1_500, monotonicMs: 1 },
    },
  );
const bye = (epoch: number, reason: string) => pack("bye", { device: "d1" }, { sessionEpoch: epoch, reason });
const look = async (world: World) => {
  const row = await world.store.get(device, "d1");
  assert.ok(row);
  return row;
};

async function startWorld(over: Parameters<typeof startDevices>[0] = {}): Promise<World> {
  const world = await startDevices(over);
  await world.store.commit(aDevice("d1", { presence: "offline" }));
  return world;
}

test("what a device says of itself in its hello is kept, with how far its clock is off", async () => {
  await using world = await startWorld();

  await world.arrived("d1", hello(7));

  const row = await look(world);
  assert.deepEqual([row.presence, row.sessionEpoch, row.presenceAt], ["online", 7, world.clock.now()]);
  assert.deepEqual(row.agent, {
    version: "0.3.0",
    bootId: "boot-2",
    capabilities: ["command:exec"],
    lastExitReason: "crash",
    clockOffset: 1_500,
  });
});

test("a device's comings and goings are told once each", async () => {
  await using world = await startWorld();
  const before = world.store.lastNumber;

  await world.arrived("d1", hello(7));
  await world.arrived("d1", hello(8));
  await world.arrived("d1", bye(8, "lost"));
  await world.advance(RECHECK_AFTER + SECOND);
  await world.arrived("d1", hello(9));
  await world.arrived("d1", bye(9, "stopped"));

  const told = (await world.eventTypes(before)).filter((type) => type !== "device.updated");
  assert.deepEqual(told, ["device.online", "device.silent", "device.offline", "device.online", "device.offline"]);
});

test("a device that comes back before anybody looked again was never offline", async () => {
  await using world = await startWorld();
  await world.arrived("d1", hello(7));
  await world.arrived("d1", bye(7, "lost"));

  await world.advance(RECHECK_AFTER - 1);
  await world.arrived("d1", hello(8));
  await world.advance(10 * RECHECK_AFTER);

  assert.equal((await look(world)).presence, "online");
  assert.ok(!(await world.eventTypes()).slice(3).includes("device.offline"));
});

test("a will that comes after the device is back changes nothing", async () => {
  await using world = await startWorld();
  await world.arrived("d1", hello(7));
  await world.arrived("d1", hello(8));

  await world.arrived("d1", bye(7, "lost"));

  assert.equal((await look(world)).presence, "online");
  assert.equal(world.link.session("d1")?.epoch, 8);
});

test("after a restart of the control plane a device that does not return is offline in the end, one that does stays online", async () => {
  const database = memoryDatabase();
  const before = await startWorld({ database });
  await before.arrived("d1", hello(7));
  await before.store.commit(aDevice("d2"));
  const clock = new ManualClock(before.clock.now() + SECOND);
  await using world = await startDevices({ database, clock });

  await world.advance(RETURN_WITHIN - SECOND);
  await world.arrived("d1", hello(8));
  assert.equal((await world.store.get(device, "d2"))?.presence, "online");
  await world.advance(3 * RECHECK_AFTER);

  assert.equal((await look(world)).presence, "online");
  assert.equal((await world.store.get(device, "d2"))?.presence, "offline");
});

test("a device that was silent when the control plane stopped has time to come back after the start, like any other", async () => {
  const database = memoryDatabase();
  const before = await startWorld({ database });
  await before.arrived("d1", hello(7));
  await before.arrived("d1", bye(7, "lost"));
  assert.equal((await look(before)).presence, "silent");
  const clock = new ManualClock(before.clock.now() + SECOND);
  await using world = await startDevices({ database, clock });

  await world.advance(RETURN_WITHIN - SECOND);
  assert.equal((await look(world)).presence, "silent");
  await world.advance(3 * SECOND);

  assert.equal((await look(world)).presence, "offline");
});

test("a device that was retired while it was connected is not called back by its own news", async () => {
  await using world = await startWorld();
  await world.arrived("d1", hello(7));
  await world.call(retireDevice, { device: "d1" });

  await world.arrived("d1", bye(7, "lost"));
  await world.arrived("d1", hello(8));

  const row = await look(world);
  assert.deepEqual([row.state, row.presence], ["retired", "offline"]);
});
