import assert from "node:assert/strict";
import { test } from "node:test";
import { DAY, MINUTE, SECOND } from "@edgemere/protocol/kit";
import { seededRandom } from "@edgemere/protocol/simulated";
import { created, moved, updated } from "../platform/change.ts";
import { memoryDatabase } from "../platform/database.ts";
import { aDevice } from "./device.test-support.ts";
import { device, type Device } from "./devices/contract.ts";
import * as contract from "./policies/contract.ts";
import { BEGIN, became, busy, measured, startWorld, told, type World } from "./policies.test-support.ts";
import { aggregatedDevice } from "./telemetry-aggregator/contract.ts";

const dark = { name: "dark", condition: 'share(presence == "offline") > 0.5', per: "site" };
const hot = { name: "hot", condition: 'average(value("cpu.busy_percent")) > 80', per: "fleet" };

/** Two devices in Oslo beside the one that is there, and none more in Berlin. */
async function startSites(given: Parameters<typeof startWorld>[0] = {}): Promise<World> {
  const world = await startWorld(given);
  if ((await world.store.get(device, "d3")) === undefined)
    await world.store.commit(
      aDevice("d3", { labels: { site: "oslo" } }),
      aDevice("d4", { labels: { site: "oslo" } }),
      aDevice("d5", { labels: {} }),
    );
  return world;
}

const stateOf = async (world: World, policy: string, group: string) =>
  (await world.store.get(contract.alert, contract.groupAlertId(policy, group)))?.state ?? "none";

const saved = async (world: World, policy: Parameters<typeof world.call<typeof contract.createPolicy>>[1]) => {
  await world.call(contract.createPolicy, policy);
  await world.advance(3 * SECOND);
};

test("each site has an alert of its own where the share of its devices is as the policy says", async () => {
  await using world = await startSites();
  await saved(world, dark);
  await became(world, "d2", { presence: "offline" });
  assert.equal(await stateOf(world, "dark", "site=oslo"), "none");
  await became(world, "d3", { presence: "offline" });
  await became(world, "d5", { presence: "offline" });

  const { items } = await world.call(contract.listAlerts, {});
  assert.deepEqual(
    items.map(({ id, device: of, group, state }) => [id, of, group, state]),
    [["@site=oslo/dark", undefined, "site=oslo", "firing"]],
  );
  assert.deepEqual(items[0]?.looked, [{ what: 'share(presence == "offline")', value: 2 / 3 }]);
  await became(world, "d3", { presence: "online" });
  assert.equal(await stateOf(world, "dark", "site=oslo"), "resolved");
  assert.deepEqual(await told(world), ["alert.create", "alert.firing", "alert.resolved"]);
});

test("what devices became while there was no policy is known to the first one", async () => {
  await using world = await startSites();
  await world.advance(3 * SECOND);
  for (const id of ["d2", "d3"]) world.watch.lookAtPack(id);
  await world.advance(3 * SECOND);
  for (const id of ["d2", "d3"]) await became(world, id, { presence: "offline" });

  await saved(world, { name: "first", selector: "id=d1", condition: 'value("cpu.busy_percent") > 80' });
  await saved(world, dark);

  assert.equal(await stateOf(world, "dark", "site=oslo"), "firing");
});

test("a group has what its devices measured, for as long as that is new enough", async () => {
  await using world = await startSites();
  await saved(world, { ...hot, for: 20, keepFiringFor: 20, freshFor: 60 });
  for (const id of ["d1", "d2", "d3"]) await busy(world, id, 90);
  await world.advance(2 * SECOND);
  assert.equal(await stateOf(world, "hot", "fleet"), "pending");
  await world.advance(20 * SECOND);
  assert.equal(await stateOf(world, "hot", "fleet"), "firing");
  await busy(world, "d1", 10);
  await world.advance(2 * SECOND);
  assert.equal(await stateOf(world, "hot", "fleet"), "recovering");
  // The two that are hot are not heard any more: what is left does not speak for three.
  await world.advance(50 * SECOND);
  await busy(world, "d1", 10);
  await world.advance(20 * SECOND);
  const { verdict, answer } = await world.call(contract.explainGroup, { policy: "hot", group: "fleet" });
  assert.equal(verdict, "unknown");
  assert.match(answer, /is known of 1 devices and not any more of 2: too few to tell/);
});

test("a lack of data of the whole group is an alert, and one device that is heard ends it", async () => {
  await using world = await startSites();
  await saved(world, { ...hot, freshFor: 30, noData: 120 });
  await busy(world, "d1", 10);
  await world.advance(110 * SECOND);
  assert.equal(await stateOf(world, "hot", "fleet"), "none");
  await world.advance(20 * SECOND);
  assert.equal(await stateOf(world, "hot", "fleet"), "nodata");
  await busy(world, "d1", 10);
  await world.advance(2 * SECOND);
  assert.equal(await stateOf(world, "hot", "fleet"), "resolved");
});

test("a device that changes its label, is retired or comes anew counts where it is, and a group that empties is over", async () => {
  await using world = await startSites();
  await saved(world, dark);
  await became(world, "d1", { presence: "offline" });
  assert.equal(await stateOf(world, "dark", "site=berlin"), "firing");
  await became(world, "d1", { labels: { site: "rome" } });
  assert.deepEqual(
    [await stateOf(world, "dark", "site=berlin"), await stateOf(world, "dark", "site=rome")],
    ["resolved", "firing"],
  );
  await world.store.commit(aDevice("d6", { labels: { site: "rome" } }));
  await world.advance(2 * SECOND);
  assert.equal(await stateOf(world, "dark", "site=rome"), "resolved");
  for (const id of ["d6", "d1"]) {
    await world.store.commit(moved(device, (await world.store.get(device, id)) as Device, "retire"));
    await world.advance(2 * SECOND);
    const { groups } = await world.call(contract.listGroups, { policy: "dark" });
    const rome = groups.filter(({ group }) => group === "site=rome").map(({ devices, state }) => [devices, state]);
    assert.deepEqual(rome, id === "d6" ? [[1, "firing"]] : []);
  }
  assert.equal(await stateOf(world, "dark", "site=rome"), "resolved");
});

test("an aggregated device is a group, whatever it is changed to", async () => {
  await using world = await startSites();
  const draft = { name: "north", selector: "site=oslo", metrics: [], author: "user:alice" };
  await world.store.commit(created(aggregatedDevice, "north", draft));
  await saved(world, { name: "few", condition: 'count(presence == "online") < 2', per: "adevice:north" });
  assert.equal(await stateOf(world, "few", "adevice:north"), "none");
  const row = await world.store.get(aggregatedDevice, "north");
  assert.ok(row);
  await world.store.commit(updated(aggregatedDevice, row, { selector: "site=berlin" }));
  await world.advance(5 * SECOND);
  assert.equal(await stateOf(world, "few", "adevice:north"), "firing");
  const again = await world.store.get(aggregatedDevice, "north");
  assert.ok(again);
  await world.store.commit(moved(aggregatedDevice, again, "disable"));
  await world.advance(5 * SECOND);
  assert.equal(await stateOf(world, "few", "adevice:north"), "resolved");
});

test("a sample costs what its own device is asked, however many there are", async () => {
  await using world = await startWorld();
  const costs: number[][] = [];
  await saved(world, { ...hot, condition: `${hot.condition} || percentile(value("cpu.busy_percent"), "95") > 99` });
  const cost = async () => {
    const before = [world.watch.asked, world.watch.evaluated].map((each) => totalOf(each));
    await busy(world, "d1", 10 + costs.length);
    await world.advance(SECOND);
    return [world.watch.asked, world.watch.evaluated].map((each, place) => totalOf(each) - (before[place] ?? 0));
  };
  costs.push(await cost());
  await world.store.commit(...Array.from({ length: 500 }, (_, number) => aDevice(`many-${number}`, {})));
  await world.advance(5 * SECOND);
  costs.push(await cost());

  assert.deepEqual(costs, [
    [2, 1],
    [2, 1],
  ]);
  const { groups } = await world.call(contract.listGroups, { policy: "hot" });
  assert.deepEqual(
    groups.map(({ devices }) => devices),
    [502],
  );
});

/** What was counted so far. */
const totalOf = (counter: World["watch"]["asked"]): number =>
  counter.figure().samples.reduce((sum, { value }) => sum + value, 0);

test("a restart tells nothing of a group before it knows what it knew, and then goes on", async () => {
  const database = { ...memoryDatabase(), close: async () => {} };
  const before = await startSites({ database });
  await saved(before, { ...hot, condition: 'share(value("cpu.busy_percent") > 80) > 0.5', noData: 60 });
  await saved(before, dark);
  await became(before, "d1", { presence: "offline" });
  const at = before.clock.now();
  const series = (value: number) => [{ metric: "cpu.busy_percent", instance: "", values: [value] }];
  const first = Object.entries({ d1: 90, d2: 10, d3: 10 }).map(
    ([id, value]) => [id, { atMs: at, telemetry: { baseMs: at, offsetMs: [0], series: series(value) } }] as const,
  );
  for (const [id, body] of first) await before.report(id, "telemetry", body);
  await before.advance(2 * SECOND);
  assert.deepEqual(
    [await stateOf(before, "hot", "fleet"), await stateOf(before, "dark", "site=berlin")],
    ["none", "firing"],
  );
  await before[Symbol.asyncDispose]();

  await using after = await startSites({ database, at: BEGIN + DAY });
  const number = after.store.lastNumber;
  for (const [id, body] of first) await after.replay(id, "telemetry", body);
  // The hot one is heard first: alone it would be all of those that are known.
  await busy(after, "d1", 90);
  await after.advance(10 * SECOND);
  for (const id of ["d2", "d3"]) await busy(after, id, 10);
  await after.advance(10 * SECOND);

  assert.deepEqual(await told(after, number), []);
  assert.equal(await stateOf(after, "dark", "site=berlin"), "firing");
  await busy(after, "d2", 95);
  await after.advance(2 * SECOND);
  assert.equal(await stateOf(after, "hot", "fleet"), "firing");
});

test("a policy that is changed, disabled or forgotten leaves no alert behind of what it was about", async () => {
  await using world = await startSites();
  await saved(world, dark);
  await became(world, "d1", { presence: "offline" });
  await world.call(contract.updatePolicy, {
    policy: "dark",
    per: "fleet",
    condition: 'count(presence == "offline") > 0',
  });
  await world.advance(3 * SECOND);
  assert.deepEqual(
    [await stateOf(world, "dark", "site=berlin"), await stateOf(world, "dark", "fleet")],
    ["resolved", "firing"],
  );
  await world.call(contract.updatePolicy, { policy: "dark", per: "device", condition: 'presence == "offline"' });
  await world.advance(3 * SECOND);
  const states = async () => (await world.call(contract.listAlerts, {})).items.map(({ id, state }) => [id, state]);
  assert.deepEqual(await states(), [["d1/dark", "firing"]]);
  await world.call(contract.updatePolicy, { policy: "dark", per: "site", condition: dark.condition });
  await world.advance(3 * SECOND);
  assert.deepEqual(await states(), [["@site=berlin/dark", "firing"]]);
  await world.call(contract.disablePolicy, { policy: "dark" });
  await world.advance(3 * SECOND);
  assert.deepEqual(await states(), []);
  await world.call(contract.destroyPolicy, { policy: "dark" });
  await world.advance(3 * SECOND);
  assert.equal(await stateOf(world, "dark", "site=berlin"), "none");
});

test("what a policy about groups cannot be is refused when it is saved, with the cause", async () => {
  await using world = await startWorld();
  const cases: readonly (readonly [object, RegExp])[] = [
    [{ condition: 'presence == "offline"' }, /no field "presence"/],
    [{ per: "adevice:nowhere" }, /there is no adevice "nowhere"/],
    [{ per: "Site!" }, /per/],
    [{ runsOn: "device" }, /no device knows what the others of its group measure/],
    [{ coversChildren: true }, /no device stands behind a group/],
    [{ schedule: { zone: "device", days: ["mon"], from: "08:00", to: "18:00" } }, /a group has no time zone/],
    [{ effects: [{ do: "data", query: "device_id={device}" }] }, /a group is no device; write \{devices\}/],
    [
      { effects: [{ do: "configure", set: { profile: "detailed" } }] },
      /settings last as long as an alert of the device/,
    ],
    [
      { admission: { actions: ["cpl/dm/job/create"], outcome: "deny", reason: "no" } },
      /asked of each device, and of no group/,
    ],
  ];
  for (const [over, expected] of cases)
    await assert.rejects(world.call(contract.createPolicy, { ...dark, ...over }), expected);
  await world.call(contract.createPolicy, dark);
  await assert.rejects(world.call(contract.explainPolicy, { policy: "dark", device: "d1" }), /about groups of devices/);
});

test("what is no surprise on its devices is none of the group, where it would not hold without them", async () => {
  await using world = await startSites();
  await saved(world, dark);
  const until = world.clock.now() + 3 * MINUTE;
  await world.call(contract.createSilence, { selector: "id=d2", until, reason: "moved" });
  for (const id of ["d2", "d3"]) await became(world, id, { presence: "offline" });
  const { state, reason } = (await world.store.get(contract.alert, "@site=oslo/dark")) ?? {};
  assert.equal(state, "maintenance");
  assert.match(reason ?? "", /it would not hold without one of its devices: .*moved/);
  await became(world, "d4", { presence: "offline" });
  await world.advance(MINUTE);
  assert.equal(await stateOf(world, "dark", "site=oslo"), "firing");
  await world.call(contract.createSilence, { policy: "dark", until, reason: "all of it" });
  await world.advance(5 * SECOND);
  assert.equal(await stateOf(world, "dark", "site=oslo"), "maintenance");
  await world.advance(3 * MINUTE);
  assert.equal(await stateOf(world, "dark", "site=oslo"), "firing");
});

test("explain says which devices decided, those first that decide most, with their numbers", async () => {
  await using world = await startSites();
  await saved(world, {
    ...hot,
    condition: 'average(value("cpu.busy_percent")) > 40 && count(value("memory.used_percent") > 50) > 0',
  });
  for (const [number, id] of ["d1", "d2", "d3"].entries())
    await measured(world, id, { "cpu.busy_percent": 30 + 30 * number, "memory.used_percent": 20 + 20 * number });
  await world.advance(2 * SECOND);

  const { answer, deciding, devices, verdict, state } = await world.call(contract.explainGroup, {
    policy: "hot",
    group: "fleet",
  });
  assert.deepEqual([devices, verdict, state], [5, "met", "firing"]);
  assert.deepEqual(
    deciding?.map((each) => [each.what, each.devices, each.known, each.first.map(({ name, value }) => [name, value])]),
    [
      [
        'average(value("cpu.busy_percent"))',
        3,
        3,
        [
          ["d3", 90],
          ["d2", 60],
          ["d1", 30],
        ],
      ],
      ['count(value("memory.used_percent") > 50)', 1, 3, [["d3", undefined]]],
    ],
  );
  assert.deepEqual(deciding?.[1]?.first[0]?.looked, [{ what: 'value("memory.used_percent")', value: 60 }]);
  assert.match(answer, /^the group has 5 devices; the condition of "hot" holds: .*d3 90, d2 60, d1 30/);
  const explained = await world.call(contract.explainAlert, { alert: "@fleet/hot" });
  assert.equal(explained.deciding?.length, 2);
});

test("over what is stored a dry run about groups says what watching has said", async () => {
  const conditions = {
    share: { condition: 'share(value("cpu.busy_percent") > 60) > 0.5', for: 25, keepFiringFor: 15, per: "site" },
    mean: { condition: 'average(mean("cpu.busy_percent", "1m")) > 50', per: "fleet" },
    rank: { condition: 'percentile(value("cpu.busy_percent"), "60") > 70 && devices > 1', per: "fleet", freshFor: 30 },
  };
  await using world = await startSites();
  for (const [name, each] of Object.entries(conditions)) await world.call(contract.createPolicy, { name, ...each });
  await world.advance(3 * SECOND);
  const from = world.clock.now();
  const EVERY = 7 * SECOND;
  const random = seededRandom(11);
  for (let sample = 0; sample < 60; sample++) {
    for (const id of ["d1", "d2", "d3"]) await busy(world, id, 100 * random.next());
    // Sooner than windows are looked at again by time alone, which would be at other instants.
    await world.advance(EVERY);
  }
  const events = await world.store.events(0, 20_000);

  for (const [name, each] of Object.entries(conditions)) {
    const said = events
      .filter(({ type, data }) => data["policy"] === name && (type === "alert.firing" || type === "alert.resolved"))
      .filter(({ type, data }) => type === "alert.resolved" || data["firedAt"] === data["updatedAt"])
      .map(({ type, at, data }) => `${data["group"] as string} ${type} ${Math.round((at - from) / EVERY)}`);
    const { fired, isWhole } = await world.call(contract.dryRunPolicy, { ...each, from });
    const found = fired.flatMap(({ group = "", episodes }) =>
      episodes.flatMap(({ from: begin, to }) => [
        `${group} alert.firing ${Math.round((begin - from) / EVERY)}`,
        ...(to === undefined ? [] : [`${group} alert.resolved ${Math.round((to - from) / EVERY)}`]),
      ]),
    );

    assert.equal(isWhole, true);
    assert.ok(said.length >= 2, `${name} is told of`);
    assert.deepEqual(found.toSorted(), said.toSorted(), name);
  }
  await assert.rejects(
    world.call(contract.dryRunPolicy, { condition: 'share(happened("command.failed", "1h") > 1) > 0.5', per: "fleet" }),
    /a dry run about groups does not look back at events/,
  );
});
