import assert from "node:assert/strict";
import { test } from "node:test";
import { inColumns, pack } from "@edgemere/protocol";
import { HOUR, MINUTE, SECOND } from "@edgemere/protocol/kit";
import { aDevice } from "../device.test-support.ts";
import { conditionsAfter, conditionsOf, isWrong, newestClock } from "./clock.ts";
import { device } from "./contract.ts";
import { startDevices, type World } from "./devices.test-support.ts";

for (const [title, offset, wasWrong, expected] of [
  ["five minutes are borne", 5 * MINUTE, false, false],
  ["more is wrong", 5 * MINUTE + 1, false, true],
  ["too slow is as wrong as too fast", -6 * MINUTE, false, true],
  ["once wrong it stays so until it is well below", 4.5 * MINUTE, true, true],
  ["below four minutes it is right again", 4 * MINUTE, true, false],
] as const) {
  test(`of a device's clock: ${title}`, () => {
    assert.equal(isWrong(offset, wasWrong), expected);
  });
}

test("of the clocks of a batch the newest counts, and none from before the last Hello", () => {
  const clocks = [3, 5, 4].map((clockPeriod) => ({ clockPeriod, offset: clockPeriod * SECOND, uncertainty: 1 }));

  assert.equal(newestClock(clocks, 4)?.clockPeriod, 5);
  assert.equal(newestClock(clocks, 6), undefined);
});

test("a device cannot say of itself what the control plane says of its clock", () => {
  assert.deepEqual(conditionsOf(["disk-low", "clock-wrong", "", "disk-low"], false), ["disk-low"]);
  assert.deepEqual(conditionsOf(["safe-mode"], true), ["clock-wrong", "safe-mode"]);
});

const AT = 1_700_000_000_000;
const told = (detail: string, atMs: number, clockPeriod = 3) =>
  ({ body: "agentEvent", agentEvent: { name: "condition", detail }, atMs, clockPeriod }) as Parameters<
    typeof conditionsAfter
  >[1][number];
for (const [title, before, event, expected] of [
  ["one that begins is added", [], told("disk-low set", AT), ["disk-low"]],
  ["one that ends goes", ["disk-low", "safe-mode"], told("disk-low cleared", AT), ["safe-mode"]],
  ["one from before the Hello says nothing", [], told("disk-low set", AT - MINUTE), []],
  ["one from an earlier clock says nothing", [], told("disk-low set", AT + HOUR, 2), []],
  ["one from a later clock counts, whatever it shows", [], told("disk-low set", 0, 4), ["disk-low"]],
  ["words that are none mean nothing", [], told("set", AT), []],
  ["of its clock it has no say", ["clock-wrong"], told("clock-wrong cleared", AT), ["clock-wrong"]],
] as const) {
  test(`of conditions that are told in between: ${title}`, () => {
    assert.deepEqual(conditionsAfter(before, [event], { clockPeriod: 3, saidAt: AT }), expected);
  });
}

test("of more conditions than a device may have the first are kept", () => {
  const many = Array.from({ length: 100 }, (_, i) => told(`c${i} set`, AT));

  assert.equal(conditionsAfter([], many, { clockPeriod: 3, saidAt: AT }).length, 32);
});

const look = async (world: World) => {
  const row = await world.store.get(device, "d1");
  assert.ok(row);
  return row;
};
const hello = (world: World, epoch: number, { ahead = 0, conditions = [] as string[] } = {}) =>
  pack(
    "hello",
    { device: "d1" },
    {
      bootId: "b",
      sessionEpoch: epoch,
      agentVersion: "1",
      clockPeriod: 3,
      conditions,
      time: { wallMs: world.clock.now() + ahead, monotonicMs: 1 },
    },
  );
const aRow = (baseMs: number) => ({ baseMs, offsetMs: [0], series: [] });
/** A batch of one stream with a record that says little, and what the device knows of its clock by now. */
const batch = (world: World, sequence: number, offsetMs: number, clockPeriod = 3) =>
  pack(
    "telemetry",
    { device: "d1" },
    {
      ...inColumns([{ sequence, atMs: world.clock.now(), clockPeriod, telemetry: aRow(world.clock.now()) }]),
      firstUnacknowledged: sequence,
      sessionEpoch: 2,
      clocks: [{ clockPeriod, offsetMs, uncertaintyMs: 5 }],
    },
  );

async function startWorld(): Promise<World> {
  const world = await startDevices();
  await world.store.commit(aDevice("d1"));
  return world;
}

test("a clock that is wrong at the Hello is a condition, told once when it begins and once when it ends", async () => {
  await using world = await startWorld();
  const before = world.store.lastNumber;

  await world.arrived("d1", hello(world, 2, { ahead: HOUR, conditions: ["disk-low"] }));
  await world.arrived("d1", hello(world, 3, { ahead: HOUR + 10, conditions: ["disk-low"] }));
  const { conditions, agent } = await look(world);
  await world.arrived("d1", hello(world, 4, { ahead: 20, conditions: ["disk-low"] }));

  assert.deepEqual([conditions, agent.clockOffset], [["clock-wrong", "disk-low"], HOUR]);
  assert.deepEqual((await look(world)).conditions, ["disk-low"]);
  const told = (await world.eventTypes(before)).filter((type) => type === "device.condition");
  assert.equal(told.length, 2);
});

test("a clock that goes wrong while the device is connected is seen by the samples, and so is that it is right again", async () => {
  await using world = await startWorld();
  await world.arrived("d1", hello(world, 2));

  await world.arrived("d1", batch(world, 1, -HOUR, 4));
  const { conditions, agent } = await look(world);
  await world.arrived("d1", batch(world, 2, -HOUR, 4));
  const { version } = await look(world);
  await world.arrived("d1", batch(world, 3, 0, 5));

  assert.deepEqual([conditions, agent.clockOffset], [["clock-wrong"], HOUR]);
  const after = await look(world);
  assert.deepEqual([after.conditions, after.version], [[], version + 1]);
});

test("samples of an earlier clock say nothing of the clock as it is now", async () => {
  await using world = await startWorld();
  await world.arrived("d1", hello(world, 2));

  await world.arrived("d1", batch(world, 1, -HOUR, 2));

  assert.deepEqual((await look(world)).conditions ?? [], []);
});

test("conditions that the agent tells of are on the device, and a selector finds it by them", async () => {
  await using world = await startWorld();
  await world.arrived("d1", hello(world, 2));

  await world.report("d1", "event", { clockPeriod: 3, agentEvent: { name: "condition", detail: "safe-mode set" } });

  assert.deepEqual((await look(world)).conditions, ["safe-mode"]);
  const found = (await world.ask("cpl/dm/device/list", { selector: '"safe-mode" in conditions' })) as { total: number };
  assert.equal(found.total, 1);
});
