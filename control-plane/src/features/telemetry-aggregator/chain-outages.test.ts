import assert from "node:assert/strict";
import { test } from "node:test";
import { DAY, HOUR, MINUTE, SECOND } from "@edgemere/protocol/kit";
import { ManualClock } from "@edgemere/protocol/simulated";
import { memoryDatabase, type Database } from "../../platform/database.ts";
import { setGeneration } from "../../platform/generation.ts";
import { aDevice } from "../device.test-support.ts";
import { BEGIN, declare, reported, Road, startChain, startPlane } from "./chain.test-support.ts";
import type { World } from "./aggregator.test-support.ts";
import { reportMarks } from "./chain-tables.ts";
import * as contract from "./contract.ts";
import { telemetryFigures } from "./fleet-figures.ts";
import { SeriesLists } from "./series-lists.ts";

const NOW = BEGIN + 2 * DAY;
/** A database that outlives its control plane. */
const kept = (): Database => ({ ...memoryDatabase(), close: () => Promise.resolve() });

async function sums(world: World) {
  const asked = { from: NOW - DAY, to: world.clock.now(), step: "5m" } as const;
  const { series } = await world.call(contract.queryTelemetry, {
    ...asked,
    metric: ["load"],
    function: "sum",
    by: ["device"],
  });
  return series.map(({ by, overall }) => [by["device"]?.split("/").at(-1), overall]);
}

test("what waits for a parent is one mark for each hour of a device, however often it changes", async () => {
  await using chain = await startChain();
  chain.toRegion.world = undefined;
  for (let minute = 0; minute < 50; minute++) {
    await reported(chain.edge, "d1", NOW - HOUR + minute * MINUTE, [0], [minute]);
    await chain.advance(SECOND);
  }

  assert.equal(await chain.edge.store.count(reportMarks), 1);
});

test("hours that became too old while the parent was away are dropped, counted and told, and the rest arrives", async () => {
  const [database, road] = [kept(), new Road("at-parent")];
  const begun = await startPlane({ database, clock: new ManualClock(NOW), origin: "edge", parent: road });
  await begun.store.commit(aDevice("d1"));
  for (const hour of [5, 4, 3]) await reported(begun, "d1", NOW - hour * HOUR, [0], [hour]);
  await begun[Symbol.asyncDispose]();
  // Of two of the three hours samples are forgotten by then.
  const clock = new ManualClock(NOW + 7 * DAY - 4 * HOUR - 30 * MINUTE);
  await using parent = await startPlane({ clock, origin: "parent" });
  await declare(parent, { name: "Edge", reporter: road.token, origins: ["edge"] });
  road.world = parent;

  await using edge = await startPlane({ database, clock, origin: "edge", parent: road });
  await clock.advance(15 * SECOND);
  for (const each of [edge, parent]) await each.settle();

  const [{ lost, lostUpTo, taken } = { lost: 0, lostUpTo: 0, taken: 0 }] = (
    await parent.call(contract.listChildren, {})
  ).items;
  assert.deepEqual([lost, lostUpTo, taken], [2, NOW - 4 * HOUR, 1]);
  assert.deepEqual(await sums(parent), [["d1", 3]]);
  assert.equal((await edge.call(contract.findParent, {})).lost, 2);
});

test("an hour is told when it has begun, also where what came just before it counts for it", async () => {
  await using chain = await startChain();
  await reported(chain.edge, "d1", NOW - 2 * MINUTE, [0], [4]);
  await chain.advance(MINUTE);
  const hoursTold = () => new Set(chain.toRegion.carried.flatMap((body) => hoursIn(body)));
  assert.deepEqual(hoursTold(), new Set([NOW - HOUR, NOW]));

  await chain.advance(56 * MINUTE);
  await reported(chain.edge, "d1", NOW + 57 * MINUTE, [0], [4]);
  await chain.advance(2 * MINUTE);
  assert.equal(hoursTold().has(NOW + HOUR), false);
  await chain.advance(5 * MINUTE);
  assert.equal(hoursTold().has(NOW + HOUR), true);
});

const hoursIn = (body: string): readonly number[] =>
  (JSON.parse(body) as { reports: readonly { hour: number }[] }).reports.map(({ hour }) => hour);

test("a parent that begins anew is told again all that the child still has in its log", async () => {
  await using chain = await startChain();
  for (const [device, value] of [
    ["d1", 1],
    ["d2", 2],
  ] as const) {
    await reported(chain.edge, device, NOW - HOUR, [0], [value]);
    await chain.advance(2 * MINUTE);
  }
  await using fresh = await startPlane({ clock: chain.clock, origin: "region" });
  await declare(fresh, { name: "Edge", reporter: chain.toRegion.token, origins: ["edge"] });
  assert.deepEqual(await sums(fresh), []);

  chain.toRegion.world = fresh;
  await chain.advance(2 * MINUTE);
  await fresh.settle();

  assert.deepEqual(await sums(fresh), [
    ["d2", 2],
    ["gw-1", 1],
  ]);
});

test("what a child says after it was restored from a backup counts, although it said more before", async () => {
  const [database, road, clock] = [kept(), new Road("at-parent"), new ManualClock(NOW)];
  await using parent = await startPlane({ clock, origin: "parent" });
  await declare(parent, { name: "Edge", reporter: road.token, origins: ["edge"] });
  road.world = parent;
  const before = await startPlane({ clock, origin: "edge", parent: road });
  await before.store.commit(aDevice("d1"));
  await reported(before, "d1", NOW - HOUR, [0, SECOND], [1, 2]);
  await clock.advance(MINUTE);
  await before.settle();
  await before[Symbol.asyncDispose]();
  assert.deepEqual(await sums(parent), [["d1", 3]]);

  const restored = await startPlane({ database, clock, origin: "edge" });
  await restored.store.commit(aDevice("d1"));
  await setGeneration(restored.store, 2);
  await restored[Symbol.asyncDispose]();
  await using edge = await startPlane({ database, clock, origin: "edge", parent: road });
  await reported(edge, "d1", NOW - HOUR, [0], [5]);
  await clock.advance(MINUTE);
  for (const each of [edge, parent]) await each.settle();

  assert.deepEqual(await sums(parent), [["d1", 5]]);
});

test("a restart of the edge between taking up and sending loses nothing", async () => {
  await using chain = await startChain();
  chain.toRegion.fate.push("carried", "lost", "lost", "lost");
  await reported(chain.edge, "d1", NOW - HOUR, [0], [4]);
  await chain.advance(7 * SECOND);
  assert.equal(await chain.edge.store.count(reportMarks), 0);
  assert.deepEqual(await sums(chain.region), []);

  await chain.start("edge");
  await chain.advance(3 * MINUTE);

  assert.deepEqual(await sums(chain.region), [["gw-1", 4]]);
});

test("a child that reports once an hour only is not taken for silent, and its newest values stand in /metrics meanwhile", async () => {
  const [clock, road] = [new ManualClock(NOW), new Road("at-parent", HOUR)];
  await using parent = await startPlane({ clock, origin: "parent" });
  await declare(parent, { name: "Edge", reporter: road.token, origins: ["edge"] });
  road.world = parent;
  await using edge = await startPlane({ clock, origin: "edge", parent: road });
  await edge.store.commit(aDevice("d1"));
  await reported(edge, "d1", NOW - MINUTE, [0], [1]);
  const shown: unknown[] = [];
  for (let minutes = 0; minutes < 50; minutes += 5) {
    await clock.advance(5 * MINUTE);
    for (const each of [edge, parent]) await each.settle();
    const [child] = (await parent.call(contract.listChildren, {})).items;
    const values = (await figuresOf(parent)).find(({ name }) => name === "edgemere_telemetry_load");
    shown.push([child?.state, values?.samples[0]?.value]);
  }

  assert.deepEqual(
    shown,
    shown.map(() => ["reporting", 1]),
  );
  road.world = undefined;
  await clock.advance(HOUR);
  await parent.settle();
  assert.equal((await parent.call(contract.listChildren, {})).items[0]?.state, "silent");
  assert.equal(
    (await figuresOf(parent)).find(({ name }) => name === "edgemere_telemetry_load"),
    undefined,
  );
});

const figuresOf = ({ store, clock }: Pick<World, "store" | "clock">) =>
  telemetryFigures({
    store,
    clock,
    telemetry: {
      retention: DAY,
      seriesLists: new SeriesLists(),
      fleet: { metrics: ["load"], labels: ["site", "child"], series: 10 },
    },
  });

test("/metrics holds the newest values of devices of children, and says of none that it is offline", async () => {
  await using chain = await startChain();
  await reported(chain.edge, "d1", NOW - MINUTE, [0, SECOND], [1, 2]);
  await chain.advance(2 * MINUTE);

  const families = await figuresOf({ store: chain.centre.store, clock: chain.clock });

  const of = (name: string) => families.find((each) => each.name === name)?.samples;
  assert.deepEqual(of("edgemere_telemetry_load"), [{ suffix: "", labels: { device: "edge/d1" }, value: 2 }]);
  const about = { device: "edge/d1", name: "Region/gw-1", label_site: "x", label_child: "Region" };
  assert.deepEqual(of("edgemere_device_info"), [{ suffix: "", labels: about, value: 1 }]);
  assert.deepEqual(of("edgemere_device_online"), []);
});
