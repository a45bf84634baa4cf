import assert from "node:assert/strict";
import { test } from "node:test";
import { DAY, HOUR, MINUTE, SECOND } from "@edgemere/protocol/kit";
import { moved } from "../platform/change.ts";
import { device } from "./devices/contract.ts";
import * as contract from "./policies/contract.ts";
import {
  BEGIN,
  became,
  busy,
  happened,
  measured,
  startWorld,
  stateOf,
  told,
  type World,
} from "./policies.test-support.ts";

const hot = { name: "hot", condition: 'value("cpu.busy_percent") > 90' };

const saved = async (
  world: World,
  ...all: readonly Parameters<typeof world.call<typeof contract.createPolicy>>[1][]
) => {
  for (const each of all) await world.call(contract.createPolicy, each);
  await world.advance(2 * SECOND);
};
const states = async (world: World, policy: string) => [
  await stateOf(world, policy, "d1"),
  await stateOf(world, policy, "d2"),
];

test("a condition that holds for long enough fires, recovers for long enough, and is over", async () => {
  await using world = await startWorld();
  await saved(world, { ...hot, for: 60, keepFiringFor: 30 });

  await busy(world, "d1", 95);
  assert.deepEqual(await states(world, "hot"), ["pending", "none"]);
  await world.advance(59 * SECOND);
  assert.equal(await stateOf(world, "hot", "d1"), "pending");
  await world.advance(2 * SECOND);
  assert.equal(await stateOf(world, "hot", "d1"), "firing");
  await busy(world, "d1", 10);
  assert.equal(await stateOf(world, "hot", "d1"), "recovering");
  await world.advance(31 * SECOND);
  assert.deepEqual(await states(world, "hot"), ["resolved", "none"]);

  assert.deepEqual(await told(world), [
    "alert.create",
    "alert.pending",
    "alert.firing",
    "alert.recovering",
    "alert.resolved",
  ]);
});

test("what an alert looked at is told with it, and what begins again is counted", async () => {
  await using world = await startWorld();
  await saved(world, { ...hot, severity: "critical" });
  await busy(world, "d1", 95);
  await busy(world, "d1", 1);
  await world.advance(MINUTE);
  await busy(world, "d1", 97);

  const [row, ...others] = (await world.call(contract.listAlerts, {})).items;

  assert.deepEqual(others, []);
  assert.deepEqual([row?.state, row?.severity, row?.episode, row?.endedAt], ["firing", "critical", 2, undefined]);
  assert.deepEqual(row?.looked, [{ what: 'value("cpu.busy_percent")', value: 97 }]);
  assert.deepEqual([row?.since, row?.firedAt], [world.clock.now(), world.clock.now()]);
});

test("what held too shortly is never told as over", async () => {
  await using world = await startWorld();
  await saved(world, { ...hot, for: 60 });

  await busy(world, "d1", 95);
  await busy(world, "d1", 5);
  await world.advance(2 * MINUTE);

  assert.deepEqual(await told(world), ["alert.create", "alert.pending", "alert.destroy"]);
});

test("a policy watches the devices that its selector picks, also when they or it change", async () => {
  await using world = await startWorld();
  await saved(world, { ...hot, selector: "site=berlin" });
  await busy(world, "d1", 95);
  await busy(world, "d2", 95);
  assert.deepEqual(await states(world, "hot"), ["firing", "none"]);

  await became(world, "d1", { labels: { site: "paris" } });
  assert.deepEqual(await states(world, "hot"), ["resolved", "none"]);
  await world.call(contract.updatePolicy, { policy: "hot", selector: "site in (oslo, paris)" });
  await world.advance(2 * SECOND);
  assert.deepEqual(await states(world, "hot"), ["firing", "firing"]);
});

test("a policy that is disabled or destroyed leaves no alert open, and one that is enabled looks at once", async () => {
  await using world = await startWorld();
  await saved(world, hot);
  await busy(world, "d1", 95);

  await world.call(contract.disablePolicy, { policy: "hot" });
  await world.advance(2 * SECOND);
  assert.equal(await stateOf(world, "hot", "d1"), "resolved");
  await world.call(contract.enablePolicy, { policy: "hot" });
  await world.advance(2 * SECOND);
  assert.equal(await stateOf(world, "hot", "d1"), "firing");
  await world.call(contract.destroyPolicy, { policy: "hot" });
  await world.advance(2 * SECOND);
  assert.equal(await stateOf(world, "hot", "d1"), "none");
});

test("a condition over fields follows what becomes of a device", async () => {
  await using world = await startWorld();
  await saved(world, { name: "gone", condition: 'presence == "offline"', for: 30 });

  await became(world, "d1", { presence: "offline" });
  assert.equal(await stateOf(world, "gone", "d1"), "pending");
  await world.advance(30 * SECOND);
  assert.equal(await stateOf(world, "gone", "d1"), "firing");
  await became(world, "d1", { presence: "online" });
  assert.equal(await stateOf(world, "gone", "d1"), "resolved");
});

test("a device that is retired has no open alerts", async () => {
  await using world = await startWorld();
  await saved(world, hot);
  await busy(world, "d1", 95);
  const row = await world.store.get(device, "d1");
  assert.ok(row);

  await world.store.commit(moved(device, row, "retire"));
  await world.advance(2 * SECOND);

  assert.equal(await stateOf(world, "hot", "d1"), "resolved");
});

test("a condition over a window holds when its samples say so, and not when one does", async () => {
  await using world = await startWorld();
  await saved(world, { name: "warm", condition: 'mean("cpu.busy_percent", "1m") > 50' });
  const minute = async (value: number) => {
    for (let sample = 0; sample < 6; sample++) {
      await busy(world, "d1", value);
      await world.advance(10 * SECOND);
    }
  };

  await minute(10);
  await busy(world, "d1", 100);
  assert.equal(await stateOf(world, "warm", "d1"), "none");
  await minute(100);
  assert.equal(await stateOf(world, "warm", "d1"), "firing");
  await minute(0);
  assert.equal(await stateOf(world, "warm", "d1"), "resolved");
});

test("a window is made of what is stored, where nobody looked while it was measured", async () => {
  await using world = await startWorld();
  for (let sample = 0; sample < 12; sample++) {
    await busy(world, "d1", 100);
    await world.advance(10 * SECOND);
  }
  await saved(world, {
    name: "warm",
    condition: 'mean("cpu.busy_percent", "2m") > 80 && count("cpu.busy_percent", "2m") > 8',
  });

  assert.equal(await stateOf(world, "warm", "d1"), "firing");
});

test("a lack of data is an alert where a policy says so, and ends with the data", async () => {
  await using world = await startWorld();
  await saved(world, { ...hot, noData: 120, freshFor: 60 });
  await busy(world, "d1", 10);
  await busy(world, "d2", 10);
  for (let sample = 0; sample < 12; sample++) {
    await busy(world, "d2", 10);
    await world.advance(10 * SECOND);
  }
  await world.advance(10 * SECOND);

  assert.deepEqual(await states(world, "hot"), ["nodata", "none"]);
  const { reason } = await world.call(contract.findAlert, { alert: "d1/hot" });
  assert.equal(reason, 'there is nothing new of value("cpu.busy_percent")');
  await busy(world, "d1", 10);
  assert.deepEqual(await states(world, "hot"), ["resolved", "none"]);
});

test("an alert stays as it is while nobody can tell whether its condition holds", async () => {
  await using world = await startWorld();
  await saved(world, hot, { ...hot, name: "slow", for: 400 });
  await busy(world, "d1", 95);
  await world.advance(HOUR);

  assert.deepEqual([await stateOf(world, "hot", "d1"), await stateOf(world, "slow", "d1")], ["firing", "pending"]);
  await busy(world, "d1", 95);
  assert.equal(await stateOf(world, "slow", "d1"), "firing");
});

test("samples that come late raise nothing", async () => {
  await using world = await startWorld();
  await saved(world, hot);

  await world.report("d1", "telemetry", {
    telemetry: {
      baseMs: world.clock.now() - HOUR,
      offsetMs: [0],
      series: [{ metric: "cpu.busy_percent", instance: "", values: [99] }],
    },
  });
  await world.advance(MINUTE);

  assert.equal(await stateOf(world, "hot", "d1"), "none");
});

test("outside the hours of a policy what it watches for is no surprise", async () => {
  // A Tuesday, at midnight.
  const midnight = BEGIN - (((BEGIN / DAY + 4) % 7) - 2) * DAY;
  await using world = await startWorld({ at: midnight });
  const schedule = { zone: "UTC", days: ["tue" as const], from: "08:00", to: "18:00" };
  await saved(world, { name: "gone", condition: 'presence == "offline"', schedule });

  await became(world, "d1", { presence: "offline" });
  assert.equal(await stateOf(world, "gone", "d1"), "maintenance");
  await world.advance(8 * HOUR);
  assert.equal(await stateOf(world, "gone", "d1"), "firing");
});

test("events of a device are counted, and with time they are past", async () => {
  await using world = await startWorld();
  await saved(world, { name: "flaky", condition: 'happened("device.online", "10m") >= 3' });

  await happened(world, "d1", "online");
  await happened(world, "d1", "online");
  await happened(world, "d2", "online");
  assert.deepEqual(await states(world, "flaky"), ["none", "none"]);
  await happened(world, "d1", "online");
  assert.deepEqual(await states(world, "flaky"), ["firing", "none"]);
  await world.advance(11 * MINUTE);
  assert.equal(await stateOf(world, "flaky", "d1"), "resolved");
});

test("alerts are listed by device, by state and by when they fired, and somebody says who looks after them", async () => {
  await using world = await startWorld();
  await saved(world, hot, { name: "low", condition: 'value("battery.charge_percent") < 10' });
  await busy(world, "d1", 95);
  await busy(world, "d1", 5);
  await world.advance(MINUTE);
  const since = world.clock.now();
  await measured(world, "d1", { "battery.charge_percent": 3 });
  await busy(world, "d2", 95);
  const ids = async (input: object) =>
    (await world.call(contract.listAlerts, input)).items.map(({ id, state }) => `${id} ${state}`);

  assert.deepEqual(await ids({}), ["d1/low firing", "d2/hot firing"]);
  assert.deepEqual(await ids({ device: ["d1"] }), ["d1/low firing"]);
  assert.deepEqual(await ids({ device: ["d1"], state: ["resolved"] }), ["d1/hot resolved"]);
  assert.deepEqual(await ids({ state: ["resolved", "firing"] }), ["d1/hot resolved", "d1/low firing", "d2/hot firing"]);
  assert.deepEqual(await ids({ since, device: ["d1", "d2"] }), ["d1/low firing", "d2/hot firing"]);
  const { acknowledgedBy } = await world.call(contract.acknowledgeAlert, { alert: "d2/hot" });
  assert.equal(acknowledgedBy, "user:alice");
  await assert.rejects(
    world.call(contract.acknowledgeAlert, { alert: "d1/hot" }),
    /is over: nobody has to look after it/,
  );
});
