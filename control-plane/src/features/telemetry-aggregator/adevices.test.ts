import assert from "node:assert/strict";
import { test } from "node:test";
import { DAY, MINUTE, SECOND } from "@edgemere/protocol/kit";
import { ManualClock } from "@edgemere/protocol/simulated";
import { startTestCore, type CoreContext, type TestCore } from "../../platform/core.test-support.ts";
import { aDevice } from "../device.test-support.ts";
import * as contract from "./contract.ts";
import { SeriesLists, telemetryAggregator, type TelemetryContext } from "./index.ts";

type World = TestCore<CoreContext & TelemetryContext>;

const BEGIN = 20_000 * DAY;

async function aFleet(): Promise<World> {
  const world = await startTestCore<CoreContext & TelemetryContext>({
    features: [telemetryAggregator],
    context: { telemetry: { retention: 7 * DAY, seriesLists: new SeriesLists() } },
    clock: new ManualClock(BEGIN),
  });
  await world.store.commit(
    aDevice("d1", { labels: { site: "berlin" } }),
    aDevice("d2", { labels: { site: "berlin" } }),
    aDevice("d3", { labels: { site: "oslo" } }),
  );
  return world;
}

const reported = (world: World, id: string, baseMs: number, values: readonly number[]) =>
  world.report(id, "telemetry", {
    telemetry: {
      baseMs,
      offsetMs: values.map((_, row) => row * 10 * SECOND),
      series: [{ metric: "load", instance: "", values: [...values] }],
    },
  });

const berlin = { name: "berlin", selector: "site=berlin", metrics: ["load", "nothing"] };
const told = async (world: World) => (await world.eventTypes()).filter((type) => type === "adevice.stats").length;

test("what the devices of a saved selector measured is told every five minutes, once", async () => {
  await using world = await aFleet();
  await world.call(contract.createAggregatedDevice, berlin);
  await world.advance(6 * MINUTE);
  await reported(world, "d1", BEGIN + 5 * MINUTE, [1, 3]);
  await reported(world, "d2", BEGIN + 5 * MINUTE, [8]);
  await reported(world, "d3", BEGIN + 5 * MINUTE, [1_000]);
  await reported(world, "d2", BEGIN + 10 * MINUTE, [1_000]);
  await world.advance(6 * MINUTE);

  const { stats } = await world.call(contract.findAggregatedDevice, { adevice: "berlin" });
  const [load, ...others] = stats?.metrics ?? [];
  assert.deepEqual([stats?.from, stats?.to, others], [BEGIN + 5 * MINUTE, BEGIN + 10 * MINUTE, []]);
  assert.deepEqual(load, { ...load, metric: "load", devices: 2, count: 3, min: 1, max: 8, mean: 4 });
  assert.ok(Math.abs((load?.p50 ?? 0) - 3) <= 0.03 && Math.abs((load?.p95 ?? 0) - 3) <= 0.03);
  assert.equal(await told(world), 2);
});

test("nothing is told of an aggregated device that is disabled, or has no metrics, and what was missed is not told later", async () => {
  await using world = await aFleet();
  await world.call(contract.createAggregatedDevice, berlin);
  await world.call(contract.createAggregatedDevice, { name: "silent", selector: "site=oslo" });
  const { state } = await world.call(contract.disableAggregatedDevice, { adevice: "berlin" });
  await world.advance(30 * MINUTE);
  assert.deepEqual([state, await told(world)], ["disabled", 0]);

  await world.call(contract.enableAggregatedDevice, { adevice: "berlin" });
  await world.advance(30 * SECOND);
  assert.equal(await told(world), 1);
});

test("an aggregated device is asked like a selector, and changes with it", async () => {
  await using world = await aFleet();
  await reported(world, "d1", BEGIN, [1]);
  await reported(world, "d3", BEGIN, [5]);
  await world.call(contract.createAggregatedDevice, berlin);
  const overall = async (selector?: string) =>
    (
      await world.call(contract.queryTelemetry, {
        metric: ["load"],
        from: BEGIN,
        to: BEGIN + MINUTE,
        adevice: "berlin",
        ...(selector !== undefined && { selector }),
      })
    ).series.map((each) => each.overall);

  assert.deepEqual([await overall(), await overall("site=oslo")], [[1], []]);
  await world.call(contract.updateAggregatedDevice, { adevice: "berlin", selector: "site in (oslo)" });
  assert.deepEqual(await overall(), [5]);
  await world.call(contract.destroyAggregatedDevice, { adevice: "berlin" });
  await assert.rejects(overall(), /there is no adevice "berlin"/);
  assert.deepEqual((await world.call(contract.listAggregatedDevices, {})).items, []);
});

test("a name is given once, and a selector that means nothing is refused with its mistake", async () => {
  await using world = await aFleet();
  await world.call(contract.createAggregatedDevice, berlin);

  await assert.rejects(world.call(contract.createAggregatedDevice, berlin), /there is already a adevice "berlin"/);
  await assert.rejects(
    world.call(contract.createAggregatedDevice, { ...berlin, name: "x", selector: "site=" }),
    /site/,
  );
  await assert.rejects(world.call(contract.updateAggregatedDevice, { adevice: "berlin", selector: "(" }), /\(/);
});
