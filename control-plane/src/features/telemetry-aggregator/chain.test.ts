import assert from "node:assert/strict";
import { test } from "node:test";
import { DAY, HOUR, MINUTE, SECOND } from "@edgemere/protocol/kit";
import { ManualClock } from "@edgemere/protocol/simulated";
import fc from "fast-check";
import type { InputOf } from "../../platform/action.ts";
import { memoryDatabase } from "../../platform/database.ts";
import { aDevice } from "../device.test-support.ts";
import { BEGIN, declare, reported, Road, startChain, startPlane } from "./chain.test-support.ts";
import type { World } from "./aggregator.test-support.ts";
import * as contract from "./contract.ts";

const NOW = BEGIN + 2 * DAY;
const functions = ["min", "max", "mean", "sum", "count", "last", "rate", "p50", "p95"] as const;
/** Device by device, by the names that they have where they belong. */
async function ofDevices(world: World, what: (typeof functions)[number]) {
  const { series } = await query(world, { function: what, by: ["device"] });
  return series.map(({ by, ...rest }) => ({ ...rest, name: by["device"]?.split("/").at(-1) }));
}
type Query = Partial<InputOf<typeof contract.queryTelemetry>>;
const query = (world: World, input: Query = {}) =>
  world.call(contract.queryTelemetry, { metric: ["load"], from: NOW - 3 * HOUR, to: NOW, step: "1m", ...input });
const childOf = async (world: World) => (await world.call(contract.listChildren, {})).items[0];

test("what devices at the edge measure is the same at the edge, in the region and in the centre, whatever is asked", async () => {
  await using chain = await startChain();
  await reported(chain.edge, "d1", NOW - 90 * MINUTE, [0, 10 * SECOND, 5 * MINUTE, HOUR], [1, 2, 30, 4]);
  await reported(chain.edge, "d2", NOW - 80 * MINUTE, [0, 30 * MINUTE], [-7, 0.1]);
  await chain.advance(5 * MINUTE);

  for (const what of functions)
    for (const step of ["1m", "5m", "1h", "1d"] as const) {
      const asked: Query = { function: what, step };
      const edge = await query(chain.edge, asked);
      assert.equal(edge.series[0]?.devices, 2);
      for (const world of [chain.region, chain.centre])
        assert.deepEqual((await query(world, asked)).series, edge.series, `${what} in ${step}`);
    }
});

test("devices of children are picked, grouped and compared like those of this control plane, and by the child they come by", async () => {
  await using chain = await startChain();
  await reported(chain.edge, "d1", NOW - 90 * MINUTE, [0, HOUR], [10, 20]);
  await reported(chain.edge, "d2", NOW - 90 * MINUTE, [0, HOUR], [1, 2]);
  await chain.advance(5 * MINUTE);
  const groups = async (input: Query) => {
    const { series } = await query(chain.centre, { function: "max", ...input });
    return series.map(({ by, overall }) => [Object.values(by).join(), overall]);
  };

  assert.deepEqual(await groups({ by: ["site"] }), [
    ["", 2],
    ["x", 20],
  ]);
  assert.deepEqual(await groups({ by: ["device"], top: 1 }), [["Region/gw-1", 20]]);
  assert.deepEqual(await groups({ by: ["child"], selector: "site=x" }), [["Region", 20]]);
  assert.deepEqual(await groups({ selector: "child=Region, site=x" }), [["", 20]]);
  assert.deepEqual(await groups({ selector: "child=Edge" }), []);
  const { series } = await query(chain.centre, { changes: true, from: NOW - HOUR, function: "max" });
  assert.deepEqual(
    series.map(({ before, overall }) => [before, overall]),
    [[10, 20]],
  );
});

test("a query is of one device of a child where it names that one, as it is known there", async () => {
  await using chain = await startChain();
  await reported(chain.edge, "d1", NOW - 90 * MINUTE, [0, HOUR], [10, 20]);
  await reported(chain.edge, "d2", NOW - 90 * MINUTE, [0, HOUR], [1, 2]);
  await chain.advance(5 * MINUTE);

  for (const what of functions)
    for (const device of ["Region/gw-1", "edge/d1"]) {
      const { series, children } = await query(chain.centre, { function: what, device, by: ["device"] });
      const own = (await query(chain.edge, { function: what, device: "d1" })).series;
      assert.deepEqual(series, [{ ...own[0], by: { device: "Region/gw-1" } }]);
      assert.deepEqual(children[0]?.name, "Region");
    }
  assert.deepEqual((await query(chain.centre, { device: "Region/gw-1", selector: "site=y" })).series, []);
  assert.equal((await query(chain.centre, { device: "Region/gw-1", step: "10s" })).leftOut, 1);
  const limited = { permissions: [], limited: [{ permission: "telemetry:read", selectors: ["site=x"] }] };
  for (const [device, caller] of [
    ["Region/gw-1", limited],
    ["Region/none", {}],
  ] as const)
    await assert.rejects(chain.centre.call(contract.queryTelemetry, { metric: ["load"], device }, caller), {
      type: "not-found",
      message: `there is no device "${device}"`,
    });
});

test("an aggregated device holds those of children, with percentiles and after its own windows were made", async () => {
  await using chain = await startChain();
  await chain.centre.call(contract.createAggregatedDevice, { name: "all", selector: "site=x", metrics: ["load"] });
  await reported(chain.edge, "d1", NOW - 150 * MINUTE, [0, MINUTE, HOUR], [10, 20, 30]);
  await chain.advance(15 * MINUTE);

  for (const what of ["p95", "mean", "count"] as const) {
    const asked: Query = { function: what, step: "1h", from: NOW - 3 * HOUR, to: NOW };
    const [one, all] = [
      await query(chain.edge, { ...asked, device: "d1" }),
      await query(chain.centre, { ...asked, adevice: "all" }),
    ];
    assert.equal(all.source, "group hours");
    assert.deepEqual(all.series[0]?.value, one.series[0]?.value, what);
  }
});

test("what comes late corrects its window at every level, and what is forgotten at the edge is forgotten everywhere", async () => {
  await using chain = await startChain();
  const counts = () =>
    Promise.all(chain.all.map(async (each) => (await query(each, { function: "count" })).series[0]?.overall ?? null));
  await reported(chain.edge, "d1", NOW - HOUR, [0, MINUTE], [1, 2]);
  await chain.advance(3 * MINUTE);
  assert.deepEqual(await counts(), [2, 2, 2]);

  await reported(chain.edge, "d1", NOW - HOUR, [30 * SECOND], [7]);
  await chain.advance(3 * MINUTE);
  assert.deepEqual(await counts(), [3, 3, 3]);

  await chain.edge.call(contract.forgetHistory, { device: "d1" });
  await chain.advance(10 * MINUTE);
  assert.deepEqual(await counts(), [null, null, null]);
});

test("a gap that the edge knows is a gap in the centre, and a silent child is not known of and no zero", async () => {
  await using chain = await startChain();
  await reported(chain.edge, "d1", NOW - HOUR, [0], [1]);
  await chain.edge.report("d1", "telemetry", {
    gap: { fromMs: NOW - 50 * MINUTE, toMs: NOW - 40 * MINUTE, records: 5, reason: "spool-full", upTo: 6, bytes: 0 },
  });
  await chain.advance(3 * MINUTE);
  const { items } = await chain.centre.call(contract.listChildGaps, { child: "Region" });
  assert.deepEqual(
    items.map(({ name, from, to, records, reason }) => ({ name, from, to, records, reason })),
    [{ name: "gw-1", from: NOW - 50 * MINUTE, to: NOW - 40 * MINUTE, records: 5, reason: "spool-full" }],
  );

  chain.toCentre.world = undefined;
  await chain.advance(15 * MINUTE);
  const { series, children } = await query(chain.centre, { to: NOW + 15 * MINUTE, function: "sum" });
  assert.equal(children[0]?.state, "silent");
  assert.ok((children[0]?.knownUpTo ?? 0) < NOW + 5 * MINUTE);
  assert.equal(series[0]?.value.at(-1), null);
  assert.ok((await chain.centre.eventTypes()).includes("child.silent"));
  const standing = await chain.region.call(contract.findParent, {});
  assert.match(standing.reason, /^0: connect ECONNREFUSED/);
});

test("a host that this control plane knows itself counts as its own device, and one that two children tell of by the first of them", async () => {
  await using chain = await startChain();
  const { centre, clock } = chain;
  await using other = await startPlane({ clock, origin: "other", parent: await secondRoad(centre) });
  await other.store.commit(aDevice("o1", { name: "twin", machineId: "m1" }));
  await chain.edge.store.commit(aDevice("d3", { name: "first", machineId: "m1" }));
  await reported(chain.edge, "d3", NOW - HOUR, [0], [1]);
  await reported(other, "o1", NOW - HOUR, [0], [100]);
  await chain.advance(3 * MINUTE);
  await other.settle();
  const named = async () =>
    (await query(centre, { by: ["device"], function: "sum" })).series.map(({ by, overall }) => [by["device"], overall]);

  assert.deepEqual(await named(), [["Region/first", 1]]);
  const { items } = await centre.call(contract.listChildDevices, { child: "Other" });
  assert.deepEqual(
    items.map(({ name, countsAs }) => [name, countsAs]),
    [["twin", "Region"]],
  );

  await centre.store.commit(aDevice("c1", { name: "own", machineId: "m1" }));
  await reported(centre, "c1", NOW - HOUR, [0], [7]);
  assert.deepEqual(await named(), [["own", 7]]);
});

async function secondRoad(centre: World) {
  const road = new Road("of-other");
  road.world = centre;
  await declare(centre, { name: "Other", reporter: road.token, origins: ["other"] });
  return road;
}

test("devices that have the same name at two control planes are two devices here, and so are two at one", async () => {
  await using chain = await startChain();
  const road = new Road("of-other");
  await using other = await startPlane({ clock: chain.clock, origin: "other", parent: road });
  road.world = chain.region;
  await declare(chain.region, { name: "Other", reporter: road.token, origins: ["other"] });
  await chain.centre.call(contract.updateChild, { child: "Region", origins: ["region", "edge", "other"] });
  await other.store.commit(aDevice("o1", { name: "gw-1" }));
  await reported(other, "o1", NOW - HOUR, [0], [1]);
  await reported(chain.edge, "d1", NOW - HOUR, [0], [10]);
  await chain.advance(4 * MINUTE);
  await other.settle();
  await chain.advance(MINUTE);
  const named = async (world: World) => {
    const { series } = await query(world, { by: ["device"], function: "sum" });
    return series.map(({ by, overall }) => [by["device"], overall]);
  };

  assert.deepEqual(await named(chain.region), [
    ["Edge/gw-1", 10],
    ["Other/gw-1", 1],
  ]);
  assert.deepEqual(await named(chain.centre), [
    ["Region/gw-1", 10],
    ["Region/gw-1/other/o1", 1],
  ]);
});

test("of steps that are shorter than a minute devices of children are left out, and that is said", async () => {
  await using chain = await startChain();
  await reported(chain.edge, "d1", NOW - 10 * MINUTE, [0], [1]);
  await chain.advance(3 * MINUTE);

  const { leftOut, series } = await query(chain.centre, { step: "10s", from: NOW - 20 * MINUTE });
  assert.deepEqual([leftOut, series], [1, []]);
});

test("where no step is asked for it is none that leaves devices of children out", async () => {
  await using chain = await startChain();
  await reported(chain.edge, "d1", NOW - 10 * MINUTE, [0], [1]);
  await chain.advance(3 * MINUTE);
  const asked = { metric: ["load"], from: NOW - 20 * MINUTE, to: NOW };
  const told = async (world: World, more: Query = {}) => {
    const { step, leftOut, series } = await world.call(contract.queryTelemetry, { ...asked, ...more });
    return [step, leftOut, ...series.map(({ overall }) => overall)];
  };

  assert.deepEqual(await told(chain.centre, { device: "Region/gw-1" }), ["1m", 0, 1]);
  assert.deepEqual(await told(chain.centre, { function: "p95", by: ["child"] }), ["1m", 0, 1]);
  assert.deepEqual(await told(chain.centre, { from: NOW - 3 * DAY }), ["1h", 0, 1]);
  assert.deepEqual(await told(chain.edge), ["10s", 0, 1]);
});

const someReport = fc.record({
  device: fc.constantFrom("d1", "d2"),
  at: fc.integer({ min: 0, max: 2 * HOUR }),
  values: fc.array(fc.integer({ min: -50, max: 1_000 }), { minLength: 1, maxLength: 8 }),
  pace: fc.constantFrom(SECOND, 10 * SECOND, 7 * MINUTE),
});
type Measured = typeof someReport extends fc.Arbitrary<infer R> ? R : never;
const measuredAt = (world: Parameters<typeof reported>[0], { device, at, values, pace }: Measured) => {
  const offsets = values.map((_, row) => row * pace);
  return reported(world, device, NOW - 3 * HOUR + at, offsets, values);
};
const someFate = fc.constantFrom("carried", "lost", "unanswered", "twice");
const someTrouble = fc.record({
  report: someReport,
  fates: fc.tuple(fc.array(someFate, { maxLength: 3 }), fc.array(someFate, { maxLength: 3 })),
  restarted: fc.constantFrom(undefined, "region", "centre"),
  pause: fc.constantFrom(SECOND, 20 * SECOND, 2 * MINUTE),
});

test("whatever gets lost or comes twice, and whoever is restarted, the sums are equal at all three levels in the end", async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(someTrouble, { minLength: 1, maxLength: 5 }), async (troubles) => {
      await using chain = await startChain();
      for (const { report, fates, restarted, pause } of troubles) {
        await measuredAt(chain.edge, report);
        chain.toRegion.fate.push(...fates[0]);
        chain.toCentre.fate.push(...fates[1]);
        await chain.advance(pause);
        if (restarted !== undefined) await chain.start(restarted);
      }
      for (const { fate } of [chain.toRegion, chain.toCentre]) fate.length = 0;
      // What got lost is sent again after two minutes at most, and what waited behind it follows.
      await chain.advance(12 * MINUTE);

      for (const what of ["sum", "count", "max", "last", "p95"] as const) {
        const edge = await ofDevices(chain.edge, what);
        for (const world of [chain.region, chain.centre]) assert.deepEqual(await ofDevices(world, what), edge, what);
      }
    }),
    { numRuns: 5 },
  );
});

test("in whatever order words for an hour come, and however often, the newest of each counts", async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(someReport, { minLength: 2, maxLength: 6 }),
      fc.infiniteStream(fc.nat()),
      async (batches, chances) => {
        await using chain = await startChain();
        for (const each of batches) {
          await measuredAt(chain.edge, each);
          await chain.advance(2 * MINUTE);
        }
        const told = chain.toRegion.carried.flatMap((body) => (JSON.parse(body) as Report).reports);
        const chance = () => Number(chances.next().value);
        const shuffled = [...told, ...told.filter(() => chance() % 2 === 0)]
          .map((each) => [chance(), each] as const)
          .toSorted(([a], [b]) => a - b)
          .map(([, each]) => each);
        await using fresh = await startPlane({
          database: memoryDatabase(),
          clock: new ManualClock(chain.clock.now()),
          origin: "fresh",
        });
        await declare(fresh, { name: "Edge", reporter: "t", origins: ["edge"] });
        for (const [place, each] of shuffled.entries())
          await fresh.call(
            contract.reportWindows,
            { after: place === 0 ? "" : `${place}`, position: `${place + 1}`, reports: [each], waiting: 0, lost: 0 },
            { actor: "token:t" },
          );

        for (const what of ["sum", "count", "last", "p50"] as const) {
          assert.deepEqual(await ofDevices(fresh, what), await ofDevices(chain.edge, what), what);
        }
        const { taken = 0, repeated = 0, refused } = (await childOf(fresh)) ?? {};
        assert.deepEqual([taken + repeated, refused], [shuffled.length, []]);
      },
    ),
    { numRuns: 5 },
  );
});

type Report = InputOf<typeof contract.reportWindows>;
