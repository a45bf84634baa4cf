import assert from "node:assert/strict";
import { test } from "node:test";
import { MINUTE, SECOND } from "@edgemere/protocol/kit";
import * as contract from "./policies/contract.ts";
import type { PoliciesContext } from "./policies/index.ts";
import { became, busy, happened, measured, startWorld, stateOf, type World } from "./policies.test-support.ts";

const hot = { name: "hot", condition: 'value("cpu.busy_percent") > 90' };
const berlin = { ...hot, name: "berlin", selector: "site=berlin" };
const oslo = { name: "oslo", condition: 'mean("memory.used_bytes", "5m") > 100', selector: "site=oslo" };

const contextOf = (world: World) => world as unknown as PoliciesContext;
const knownOf = async (world: World) => Promise.all(["d1", "d2"].map((id) => world.watch.known(id, contextOf(world))));
/** Whether what was known of each device is the same as before. */
const kept = async (world: World, before: readonly unknown[]) =>
  (await knownOf(world)).map((each, place) => each === before[place]);

async function startWatching(...policies: readonly { readonly name: string; readonly condition: string }[]) {
  const world = await startWorld();
  for (const each of policies) await world.call(contract.createPolicy, each);
  await world.advance(3 * SECOND);
  for (const id of ["d1", "d2"]) await measured(world, id, { "cpu.busy_percent": 95, "memory.used_bytes": 500 });
  return world;
}

test("a policy that changes has those devices looked at anew that it watches, and no others", async () => {
  await using world = await startWatching(berlin, oslo);
  const before = await knownOf(world);

  await world.call(contract.updatePolicy, { policy: "berlin", condition: 'value("load.one_minute") > 2' });
  assert.deepEqual(await kept(world, before), [false, true]);

  await measured(world, "d1", { "load.one_minute": 3 });
  assert.deepEqual([await stateOf(world, "berlin", "d1"), await stateOf(world, "oslo", "d2")], ["firing", "firing"]);
});

test("a policy that looks at what is known already has no device looked at anew, and holds as it is now", async () => {
  await using world = await startWatching(berlin, oslo);
  const before = await knownOf(world);

  await world.call(contract.updatePolicy, { policy: "berlin", condition: 'value("cpu.busy_percent") > 97' });
  await world.advance(3 * SECOND);
  assert.deepEqual(await kept(world, before), [true, true]);
  assert.equal(await stateOf(world, "berlin", "d1"), "resolved");

  await busy(world, "d1", 98);
  assert.equal(await stateOf(world, "berlin", "d1"), "firing");
  await world.call(contract.destroyPolicy, { policy: "berlin" });
  await world.advance(3 * SECOND);
  assert.deepEqual(await kept(world, before), [true, true]);
  assert.equal(await stateOf(world, "berlin", "d1"), "none");
});

test("a policy that comes to watch a device finds what the device measured before", async () => {
  await using world = await startWatching(berlin);
  assert.equal(await stateOf(world, "berlin", "d2"), "none");

  await became(world, "d2", { labels: { site: "berlin" } });

  assert.equal(await stateOf(world, "berlin", "d2"), "firing");
});

test("what was measured while no policy looked is known to the next one", async () => {
  await using world = await startWatching(hot);
  await world.call(contract.disablePolicy, { policy: "hot" });
  await world.advance(3 * SECOND);
  await busy(world, "d1", 10);

  await world.call(contract.enablePolicy, { policy: "hot" });
  await world.advance(3 * SECOND);

  assert.deepEqual([await stateOf(world, "hot", "d1"), await stateOf(world, "hot", "d2")], ["resolved", "firing"]);
});

test("events are counted as far back as a policy says that is changed, also where another counts them less far", async () => {
  const flaps = { name: "flaps", condition: 'happened("device.flapping", "10m") >= 2' };
  const often = { name: "often", condition: 'happened("device.flapping", "1m") >= 5' };
  await using world = await startWatching(flaps, often);
  await happened(world, "d1", "flapping");
  await world.call(contract.updatePolicy, { policy: "flaps", condition: 'happened("device.flapping", "1m") >= 2' });
  await world.advance(2 * MINUTE);
  await happened(world, "d1", "flapping");
  assert.equal(await stateOf(world, "flaps", "d1"), "none");

  await world.call(contract.updatePolicy, { policy: "flaps", condition: flaps.condition });
  await world.advance(3 * SECOND);

  assert.equal(await stateOf(world, "flaps", "d1"), "firing");
});

test("groups stay as they are known when a policy about devices changes, and are looked at anew when theirs does", async () => {
  const fleet = { name: "fleet", condition: 'average(value("cpu.busy_percent")) > 90', per: "fleet" };
  await using world = await startWatching(fleet, berlin);
  await world.advance(5 * SECOND);
  const { groups } = await world.watch.policies(contextOf(world));
  assert.equal(groups.isWhole, true);

  await world.call(contract.updatePolicy, { policy: "berlin", condition: 'value("cpu.busy_percent") > 10' });
  const after = await world.watch.policies(contextOf(world));
  assert.equal(after.groups, groups);
  await busy(world, "d1", 20);
  await busy(world, "d2", 20);
  await world.advance(3 * SECOND);
  assert.equal(await stateOf(world, "fleet", "@fleet"), "resolved");

  await world.call(contract.updatePolicy, { policy: "fleet", condition: 'average(value("cpu.busy_percent")) > 10' });
  const last = await world.watch.policies(contextOf(world));
  assert.notEqual(last.groups, groups);
  await world.advance(5 * SECOND);
  assert.equal(await stateOf(world, "fleet", "@fleet"), "firing");
});

test("a device that is silent is told of in its time, however often policies change that say nothing of silence", async () => {
  const silent = { freshFor: 30, noData: 60 };
  await using world = await startWatching({ ...hot, ...silent }, oslo);
  for (let turn = 0; turn < 8; turn++) {
    await world.advance(10 * SECOND);
    await world.call(contract.updatePolicy, { policy: "oslo", condition: `mean("memory.used_bytes", "5m") > ${turn}` });
  }

  assert.equal(await stateOf(world, "hot", "d1"), "nodata");
});
