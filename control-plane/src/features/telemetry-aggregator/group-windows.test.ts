import assert from "node:assert/strict";
import { test } from "node:test";
import { ColumnEncoder, Sketch } from "@edgemere/protocol";
import { DAY, HOUR, MINUTE, SECOND } from "@edgemere/protocol/kit";
import { ManualClock } from "@edgemere/protocol/simulated";
import fc from "fast-check";
import type { InputOf } from "../../platform/action.ts";
import { put, removed } from "../../platform/change.ts";
import { aDevice } from "../device.test-support.ts";
import * as contract from "./contract.ts";
import { emptyGroupWindows, groupBytes, groupWindowsIn } from "./group-bytes.ts";
import { dirtyGroupHours, groupHoursUnderWay, groupWindowsOf } from "./group-tables.ts";
import { startWorld, type World } from "./aggregator.test-support.ts";

const windows = { every: MINUTE, keepMinutes: 7 * DAY, keepHours: 730 * DAY };
const BEGIN = 20_000 * DAY;
const plant = { name: "plant", selector: "site=plant", metrics: ["load", "nothing"] };

/** Two devices at the plant, and one elsewhere; two days after BEGIN. */
async function aPlant(over: Parameters<typeof startWorld>[0] = {}): Promise<World> {
  const world = await startWorld({ windows, clock: new ManualClock(BEGIN + 2 * DAY), ...over });
  const labels = { site: "plant" };
  await world.store.commit(aDevice("p1", { labels }), aDevice("p2", { labels }), aDevice("other"));
  await world.call(contract.createAggregatedDevice, plant);
  return world;
}

/** Where the device sums up by itself each value is the mean of three. */
const reported = (
  world: World,
  id: string,
  baseMs: number,
  offsetMs: readonly number[],
  values: readonly number[],
  isSketched = false,
) => {
  const sketches = isSketched ? values.map(threeAround) : undefined;
  return world.report(id, "telemetry", {
    telemetry: { baseMs, offsetMs: [...offsetMs], series: [{ metric: "load", values: [...values], sketches }] },
  });
};
function threeAround(value: number): Sketch {
  const sketch = new Sketch();
  for (const each of [value - 100, value, value + 100]) sketch.add(each);
  return sketch;
}
const query = (world: World, input: Partial<InputOf<typeof contract.queryTelemetry>>) =>
  world.call(contract.queryTelemetry, {
    metric: ["load"],
    adevice: "plant",
    from: BEGIN,
    to: BEGIN + DAY,
    step: "1h",
    function: "p50",
    ...input,
  });
/** Windows of devices are made, and then those of the groups that they are in. */
const made = (world: World) => world.advance(12 * MINUTE);

const someBatch = fc.record({
  device: fc.constantFrom("p1", "p2", "other"),
  at: fc.integer({ min: 0, max: 3 * HOUR }),
  values: fc.array(fc.integer({ min: -50, max: 1_000 }), { minLength: 1, maxLength: 20 }),
  pace: fc.constantFrom(SECOND, 10 * SECOND, 7 * MINUTE),
  isSketched: fc.boolean(),
  /** Whether windows are made before the next comes. */
  isSummedUp: fc.boolean(),
});
const functions = ["min", "max", "mean", "sum", "count", "last", "p50", "p95"] as const;

test("windows of a group say what the samples of its devices say, however late and in whatever order these came", async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(someBatch, { minLength: 1, maxLength: 6 }), fc.boolean(), async (batches, isMade) => {
      await using world = await aPlant();
      await using plain = await aPlant({ windows: undefined });
      for (const { device, at, values, pace, isSketched, isSummedUp } of batches) {
        const offsets = values.map((_, row) => row * pace);
        for (const each of [world, plain]) await reported(each, device, BEGIN + at, offsets, values, isSketched);
        if (isSummedUp) await made(world);
      }
      if (isMade) await made(world);
      for (const what of functions)
        for (const days of [
          { step: "1m" },
          { step: "5m" },
          { step: "1h" },
          { step: "1d", zone: "Europe/Berlin" },
        ] as const) {
          const input = { function: what, to: BEGIN + 4 * HOUR, ...days };
          const [ours, theirs] = [await query(world, input), await query(plain, input)];
          // Where no device said anything there is nothing that could be made of it.
          if (what.startsWith("p")) assert.match(ours.source, /^group/);
          const shown = ({ series }: typeof ours) => series.map(({ devices: _, ...rest }) => rest);
          assert.deepEqual(shown(ours), shown(theirs), `${what} in ${days.step}`);
        }
    }),
    { numRuns: 8 },
  );
});

test("a percentile of a group over a long range reads windows of the group and no sample", async () => {
  await using world = await aPlant();
  for (const id of ["p1", "p2"]) await reported(world, id, BEGIN, [0, HOUR, 5 * HOUR], [10, 20, 30]);
  // Hours without any sample are made when one of their devices says something else then: these here are not asked for.
  await made(world);

  const { source, cost, series, pending } = await query(world, { to: BEGIN + 2 * HOUR });
  const explained = await query(world, { to: BEGIN + 2 * HOUR, explain: true });

  assert.deepEqual([source, pending, cost.samples], ["group hours", 0, 24]);
  assert.deepEqual(series[0]?.devices, 2);
  assert.deepEqual([explained.source, explained.cost.samples], ["group hours", 24]);
  assert.equal((await query(world, { to: BEGIN + HOUR, step: "1m" })).source, "group minutes");
});

test("windows of a group outlive the samples, each resolution as long as it is kept", async () => {
  await using world = await aPlant({
    retention: 3 * DAY,
    windows: { every: 10 * MINUTE, keepMinutes: 4 * DAY, keepHours: 6 * DAY },
  });
  await reported(world, "p1", BEGIN + 2 * DAY, [0, MINUTE], [10, 1_000]);
  await world.advance(2 * HOUR);
  const day = { from: BEGIN + 2 * DAY, to: BEGIN + 3 * DAY, function: "p95" } as const;
  const left = async (resolution: "minutes" | "hours") => {
    let count = 0;
    for await (const _ of world.store.bytesBetween(groupWindowsOf("plant", "load", resolution))) count++;
    return count;
  };
  const early = [await left("minutes"), await left("hours")];

  await world.advance(4 * DAY + 3 * HOUR);

  assert.deepEqual([early, await left("minutes"), await left("hours")], [[1, 1], 0, 1]);
  assert.ok(((await query(world, day)).series[0]?.overall ?? 0) > 0);
  assert.deepEqual(
    (await world.call(contract.queryTelemetry, { ...day, metric: ["load"], selector: "site=plant", step: "1h" }))
      .series,
    [],
  );
  await world.advance(4 * DAY);
  assert.equal(await left("hours"), 0);
});

test("what a crash left taken up is made all the same", async () => {
  await using world = await aPlant();
  await reported(world, "p1", BEGIN, [0], [5]);
  await world.advance(2 * MINUTE);
  const { items } = await world.store.list(dirtyGroupHours);
  await world.store.commit(
    ...items.flatMap((each) => [removed(dirtyGroupHours, each.id), put(groupHoursUnderWay, each)]),
  );

  await made(world);

  assert.ok(items.length > 0);
  assert.deepEqual((await world.store.list(groupHoursUnderWay)).items, []);
  assert.equal((await query(world, { to: BEGIN + HOUR })).cost.samples, 24);
});

test("windows that were made of other devices are of no use: after another selector samples are read", async () => {
  await using world = await aPlant();
  await reported(world, "p1", BEGIN, [0], [5]);
  await reported(world, "other", BEGIN, [0], [7]);
  await made(world);

  await world.call(contract.updateAggregatedDevice, { adevice: "plant", selector: 'name == "other"' });
  const changed = await query(world, { to: BEGIN + HOUR, function: "sum" });
  const percentile = await query(world, { to: BEGIN + HOUR, function: "p50" });

  assert.deepEqual([changed.series[0]?.overall, Math.round(percentile.series[0]?.overall ?? 0)], [7, 7]);
});

test("of a group that is disabled no windows are made, and when it is enabled again what came meanwhile is", async () => {
  await using world = await aPlant();
  await world.call(contract.disableAggregatedDevice, { adevice: "plant" });
  await reported(world, "p1", BEGIN, [0], [5]);
  await made(world);
  const stored = async () => {
    for await (const _ of world.store.bytesBetween(groupWindowsOf("plant"))) return true;
    return false;
  };
  const before = await stored();

  await world.call(contract.enableAggregatedDevice, { adevice: "plant" });
  await made(world);

  assert.deepEqual([before, await stored()], [false, true]);
});

test("windows of a group that is gone, and of a metric that it names no more, are removed", async () => {
  await using world = await aPlant();
  await world.call(contract.createAggregatedDevice, { ...plant, name: "second" });
  await reported(world, "p1", BEGIN, [0], [5]);
  await made(world);
  await world.call(contract.destroyAggregatedDevice, { adevice: "second" });
  await world.call(contract.updateAggregatedDevice, { adevice: "plant", metrics: ["load"] });

  await world.advance(HOUR);

  const keys: string[] = [];
  for await (const [key] of world.store.bytesBetween(groupWindowsOf())) keys.push(key);
  assert.equal(keys.length, 2);
  assert.ok(keys.every((key) => key.includes("plant") && key.includes("load")));
});

test("who may see only some devices is told nothing that is made of others", async () => {
  await using world = await aPlant();
  await reported(world, "p1", BEGIN, [0], [5]);
  await made(world);

  const { source, series } = await world.call(
    contract.queryTelemetry,
    { metric: ["load"], adevice: "plant", from: BEGIN, to: BEGIN + HOUR, step: "1h", function: "sum" },
    { permissions: [], limited: [{ permission: "telemetry:read", selectors: ["site=elsewhere"] }] },
  );

  assert.deepEqual([source, series], ["hours", []]);
});

test("what is forgotten of a device is no more in the windows of its groups, as far back as samples are kept", async () => {
  await using world = await aPlant();
  await reported(world, "p1", BEGIN, [0], [5]);
  await reported(world, "p2", BEGIN, [0], [50]);
  await made(world);

  await world.call(contract.forgetHistory, { device: "p2" });
  await world.advance(20 * MINUTE);

  const { series, source } = await query(world, { to: BEGIN + HOUR, function: "max" });
  assert.deepEqual([series[0]?.overall, source], [5, "group hours"]);
});

test("windows and sketches of a group come back as they were, and not for another selector", () => {
  const grid = { from: BEGIN, step: MINUTE, length: 4 };
  const values = fc.array(fc.double({ min: -1e6, max: 1e6, noNaN: true }), { maxLength: 20 });
  fc.assert(
    fc.property(fc.array(values, { minLength: 4, maxLength: 4 }), (all) => {
      const group = emptyGroupWindows(grid);
      for (const [window, of] of all.entries()) {
        if (of.length === 0) continue;
        const sketch = new Sketch();
        for (const each of of) sketch.add(each);
        group.sketches[window] = sketch;
        group.devices[window] = of.length;
        group.made[window] = 1;
      }
      const bytes = groupBytes(new ColumnEncoder(), "site=plant", group);

      const back = groupWindowsIn(bytes, "site=plant", grid);
      assert.deepEqual([back?.devices, back?.made], [group.devices, group.made]);
      assert.deepEqual(
        back?.sketches.map((each) => each?.held),
        group.sketches.map((each) => each?.held),
      );
      assert.equal(groupWindowsIn(bytes, "site=other", grid), undefined);
    }),
  );
});
