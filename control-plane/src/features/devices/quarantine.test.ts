import assert from "node:assert/strict";
import { test } from "node:test";
import { pack } from "@edgemere/protocol";
import { SECOND } from "@edgemere/protocol/kit";
import { aDevice } from "../device.test-support.ts";
import { device, findDevice, quarantineDevice, releaseDevice } from "./contract.ts";
import { startDevices, type World } from "./devices.test-support.ts";

async function startWorld(): Promise<World> {
  const world = await startDevices();
  await world.store.commit(aDevice("d1", { presence: "offline" }));
  return world;
}
const hello = (sessionEpoch: number, { bootId = "b1", next = 1, saidAt = 0 } = {}) =>
  pack(
    "hello",
    { device: "d1" },
    {
      bootId,
      sessionEpoch,
      agentVersion: "1",
      streams: [{ stream: "event", firstUnacknowledged: next, next }],
      ...(saidAt > 0 && { time: { wallMs: saidAt, monotonicMs: saidAt } }),
    },
  );
const bye = (epoch: number) => pack("bye", { device: "d1" }, { sessionEpoch: epoch, reason: "lost" });
const note = (detail: string) => ({ agentEvent: { name: "started", detail } });
const look = (world: World) => world.call(findDevice, { device: "d1" });

test("a device that came back from an old copy of its disk is quarantined, with the reason in its row and in the event", async () => {
  await using world = await startWorld();
  await world.arrived("d1", hello(7));
  await world.report("d1", "event", note("a"), note("b"));
  await world.arrived("d1", bye(7));
  await world.advance(SECOND);

  await world.arrived("d1", hello(3, { bootId: "b2", next: 2 }));

  const { state, quarantineReason, presence } = await look(world);
  assert.deepEqual([state, presence], ["quarantined", "online"]);
  assert.match(quarantineReason ?? "", /its next record of the stream event is 2, and 2 are stored/);
  const events = await world.store.events(0, 1_000);
  assert.equal(events.find(({ type }) => type === "device.quarantined")?.data["quarantineReason"], quarantineReason);
});

test("records of a device in quarantine are stored", async () => {
  await using world = await startWorld();
  await world.arrived("d1", hello(7));
  await world.call(quarantineDevice, { device: "d1" });

  await world.report("d1", "event", { inventory: { facts: [{ name: "os.name", text: "Debian" }] } });

  assert.deepEqual((await look(world)).inventory, { "os.name": "Debian" });
});

test("two records of one number are a reason too, and the first reason stays", async () => {
  await using world = await startWorld();
  await world.arrived("d1", hello(7));
  await world.report("d1", "event", note("a"));

  await world.replay("d1", "event", note("another")).catch(() => undefined);

  const { state, quarantineReason } = await look(world);
  assert.equal(state, "quarantined");
  await world.arrived("d1", hello(3, { bootId: "b2" }));
  assert.equal((await look(world)).quarantineReason, quarantineReason);
});

test("a device that was released stays so, and its new numbers are believed", async () => {
  await using world = await startWorld();
  await world.arrived("d1", hello(7));
  await world.arrived("d1", bye(7));
  await world.arrived("d1", hello(3, { bootId: "b2" }));
  assert.equal((await look(world)).state, "quarantined");

  await world.call(releaseDevice, { device: "d1" });
  for (const epoch of [4, 5, 6, 7, 8]) {
    await world.arrived("d1", bye(epoch - 1));
    await world.arrived("d1", hello(epoch, { bootId: "b2" }));
  }

  const { state, quarantineReason } = await look(world);
  assert.deepEqual([state, quarantineReason], ["active", ""]);
});

test("a device that reconnects fast, says hello twice or reboots is never quarantined", async () => {
  await using world = await startWorld();
  for (let epoch = 2; epoch < 60; epoch++) {
    const bootId = `b${Math.floor(epoch / 10)}`;
    await world.arrived("d1", hello(epoch, { bootId }));
    if (epoch % 3 === 0) await world.arrived("d1", hello(epoch, { bootId }));
    if (epoch % 2 === 0) await world.arrived("d1", bye(epoch));
    if (epoch % 7 === 0) await world.arrived("d1", bye(epoch - 1));
  }

  assert.equal((await look(world)).state, "active");
});

test("a Hello of an earlier session that was under way for so long is no reason, and opens no session", async () => {
  await using world = await startWorld();
  await world.arrived("d1", hello(7, { saidAt: 2_000 }));
  await world.report("d1", "event", note("a"));
  await world.arrived("d1", bye(7));

  await world.arrived("d1", hello(6, { saidAt: 1_000 }));

  assert.equal((await look(world)).state, "active");
  assert.equal(world.link.session("d1"), undefined);
});

test("an operator's quarantine carries the reason that was given, or who asked", async () => {
  await using world = await startWorld();

  const asked = await world.call(quarantineDevice, { device: "d1" });
  await world.call(releaseDevice, { device: "d1" });
  const told = await world.call(quarantineDevice, { device: "d1", reason: "stolen from the depot" });

  assert.deepEqual(
    [asked.quarantineReason, told.quarantineReason],
    ["asked for by user:alice", "stolen from the depot"],
  );
  assert.equal((await world.store.get(device, "d1"))?.state, "quarantined");
});

test("a device that floods is quarantined with the reason in its row and in the event, and its release lets it begin anew", async () => {
  await using world = await startWorld();
  await world.arrived("d1", hello(7));
  const nonsense = { topic: bye(7).topic, payload: Buffer.from("nonsense") };

  for (let i = 0; i < 60; i++) await world.arrived("d1", nonsense);
  await world.settle();

  const { state, quarantineReason } = await look(world);
  assert.equal(state, "quarantined");
  assert.match(quarantineReason ?? "", /^it floods the control plane: more than 50 messages that are refused/);
  const events = await world.store.events(0, 1_000);
  assert.deepEqual(
    events.filter(({ type }) => type === "device.quarantined").map(({ data }) => data["quarantineReason"]),
    [quarantineReason],
  );
  assert.equal(world.link.refusals("d1")["misconduct"], 1);
  assert.equal(world.link.conduct.isHeld("d1"), true);

  await world.call(releaseDevice, { device: "d1" });

  assert.equal(world.link.conduct.isHeld("d1"), false);
  assert.match(world.carrier.disconnected.at(-1)?.reason ?? "", /held back/);
  await world.arrived("d1", nonsense);
  await world.settle();
  assert.equal((await look(world)).state, "active");
});
