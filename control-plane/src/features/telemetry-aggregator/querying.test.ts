import assert from "node:assert/strict";
import { test } from "node:test";
import { DAY, HOUR, MINUTE, SECOND } from "@edgemere/protocol/kit";
import type { InputOf } from "../../platform/action.ts";
import { startTestCore, type CoreContext, type TestCore } from "../../platform/core.test-support.ts";
import { put } from "../../platform/change.ts";
import { aDevice } from "../device.test-support.ts";
import { device } from "../devices/contract.ts";
import { realm } from "../devices/selector-contract.ts";
import { queryTelemetry } from "./contract.ts";
import { SeriesLists, telemetryAggregator, type TelemetryContext } from "./index.ts";
import { summedUp } from "./summing-up.ts";
import { chunkId, mergedChunks } from "./tables.ts";

type World = TestCore<CoreContext & TelemetryContext> & { readonly since: number };

/** Two devices at one site and one at another, and one of which nothing is known. */
async function aFleet(): Promise<World> {
  const world = await startTestCore<CoreContext & TelemetryContext>({
    features: [{ name: "devices", resources: [device], realm, actions: [] }, telemetryAggregator],
    context: { telemetry: { retention: 400 * DAY, seriesLists: new SeriesLists() } },
  });
  const at = (site: string) => ({ labels: { site } });
  await world.store.commit(
    aDevice("d1", { ...at("berlin"), name: "gw-1" }),
    aDevice("d2", { ...at("berlin"), name: "gw-2" }),
    aDevice("d3", { ...at("oslo"), name: "gw-3" }),
    aDevice("d4", { name: "mute" }),
  );
  return { ...world, since: Math.ceil(world.clock.now() / HOUR) * HOUR };
}

/** Samples of a device, one every 10 s from an instant on. */
const reported = (world: World, id: string, from: number, metric: string, values: readonly number[], instance = "") =>
  world.report(id, "telemetry", {
    telemetry: {
      baseMs: from,
      offsetMs: values.map((_, row) => row * 10 * SECOND),
      series: [{ metric, instance, values: [...values] }],
    },
  });

const query = (world: World, input: Partial<InputOf<typeof queryTelemetry>>) =>
  world.call(queryTelemetry, {
    metric: ["load"],
    from: world.since,
    to: world.since + 3 * MINUTE,
    step: "1m",
    ...input,
  });

async function aMeasuredFleet(): Promise<World> {
  const world = await aFleet();
  await reported(world, "d1", world.since, "load", [1, 3]);
  await reported(world, "d2", world.since + 5 * SECOND, "load", [5]);
  await reported(world, "d3", world.since + 2 * MINUTE, "load", [7, 9]);
  return world;
}

test("a query of which more comes than was estimated ends when it has read too much", async () => {
  await using world = await aMeasuredFleet();
  const grid = { from: world.since, step: MINUTE, length: 3 };
  const { items: devices } = await world.store.list(device);
  const upTo = (samples: number) =>
    summedUp(
      { metric: ["load"] },
      { grid, source: "samples", devices, store: world.store, most: { samples, bytes: 1 } },
    );

  assert.equal((await upTo(5)).samples, 5);
  await assert.rejects(upTo(4), { type: "too-large", message: /has read .* of 4 devices/ });
});

test("metrics of a fleet are summed up in windows by label, and where nothing was recorded there is nothing", async () => {
  await using world = await aMeasuredFleet();

  const { at, series, step } = await query(world, { by: ["site"] });

  assert.deepEqual(
    at,
    [0, 1, 2].map((minute) => world.since + minute * MINUTE),
  );
  assert.equal(step, "1m");
  assert.deepEqual(series, [
    { by: { site: "berlin" }, metric: "load", devices: 2, overall: 3, value: [3, null, null] },
    { by: { site: "oslo" }, metric: "load", devices: 1, overall: 8, value: [null, null, 8] },
  ]);
});

for (const [what, expected] of [
  ["min", 1],
  ["max", 9],
  ["mean", 5],
  ["sum", 25],
  ["count", 5],
  ["last", 9],
] as const)
  test(`${what} of a fleet is that of all its samples`, async () => {
    await using world = await aMeasuredFleet();

    const { series } = await query(world, { function: what });

    assert.deepEqual(
      series.map(({ overall, devices }) => [overall, devices]),
      [[expected, 3]],
    );
  });

test("the values of several devices become one as it is asked for, each summed up by itself first", async () => {
  await using world = await aMeasuredFleet();

  const found = await Promise.all(
    (["sum", "mean", "min", "max", "count"] as const).map((across) => query(world, { function: "last", across })),
  );

  assert.deepEqual(
    found.map(({ series }) => [series[0]?.overall, series[0]?.value[0]]),
    [
      [17, 8],
      [17 / 3, 4],
      [3, 3],
      [9, 5],
      [3, 2],
    ],
  );
});

test("a rate of several counters is the sum of their rates, and begins with the sample before the range", async () => {
  await using world = await aFleet();
  await reported(world, "d1", world.since - 10 * SECOND, "bytes", [100, 200, 300]);
  await reported(world, "d2", world.since - 10 * SECOND, "bytes", [0, 10]);

  const { series } = await query(world, { metric: ["bytes"], function: "rate" });

  assert.deepEqual(series[0]?.value, [11, null, null]);
});

test("percentiles of a fleet are of all its samples", async () => {
  await using world = await aFleet();
  await reported(
    world,
    "d1",
    world.since,
    "load",
    Array.from({ length: 18 }, (_, i) => i),
  );
  await reported(
    world,
    "d2",
    world.since,
    "load",
    Array.from({ length: 18 }, (_, i) => -i),
  );

  const { series } = await query(world, { function: "p90" });

  const overall = series[0]?.overall ?? NaN;
  assert.ok(Math.abs(overall - 13) <= 0.13, `${overall}`);
});

test("devices are picked by selector, name and instance, and groups by device and instance", async () => {
  await using world = await aFleet();
  await reported(world, "d1", world.since, "used", [1], "/");
  await reported(world, "d1", world.since, "used", [2], "/var");
  await reported(world, "d3", world.since, "used", [3], "/var");
  const groups = async (input: Partial<InputOf<typeof queryTelemetry>>) =>
    (await query(world, { metric: ["used"], by: ["device", "instance"], ...input })).series.map(({ by }) =>
      Object.values(by).join(""),
    );

  assert.deepEqual(await groups({}), ["gw-1/", "gw-1/var", "gw-3/var"]);
  assert.deepEqual(await groups({ selector: "site=berlin" }), ["gw-1/", "gw-1/var"]);
  assert.deepEqual(await groups({ device: "gw-3" }), ["gw-3/var"]);
  assert.deepEqual(await groups({ instance: ["/var"] }), ["gw-1/var", "gw-3/var"]);
  assert.deepEqual(await groups({ selector: "site=oslo", device: "gw-1" }), []);
  assert.deepEqual(await groups({ metric: ["nothing"] }), []);
});

test("a label called like a word of the language, or like what every object has, is a label", async () => {
  await using world = await aFleet();
  await world.store.commit(aDevice("d5", { labels: { device: "pump" } }));
  await reported(world, "d5", world.since, "load", [1]);

  const { series } = await query(world, { by: ["labels.device", "constructor"] });

  assert.deepEqual(series[0]?.by, { "labels.device": "pump", constructor: "" });
});

test("the top are those with the largest values over the range, or the smallest, and the others are counted", async () => {
  await using world = await aMeasuredFleet();
  const top = async (input: object) => {
    const { series, omitted } = await query(world, { by: ["device"], top: 2, ...input });
    return [...series.map(({ by, overall }) => [by["device"], overall]), omitted];
  };

  assert.deepEqual(await top({}), [["gw-3", 8], ["gw-2", 5], 1]);
  assert.deepEqual(await top({ order: "ascending" }), [["gw-1", 2], ["gw-2", 5], 1]);
});

test("what changed is told against the range before, what came out of nothing and went into it too", async () => {
  await using world = await aFleet();
  const before = world.since - 3 * MINUTE;
  await reported(world, "d1", before, "load", [10]);
  await reported(world, "d1", world.since, "load", [11]);
  await reported(world, "d2", before, "load", [8]);
  await reported(world, "d2", world.since, "load", [2]);
  await reported(world, "d3", before, "load", [0]);
  await reported(world, "d3", world.since, "load", [1]);
  await reported(world, "d4", before, "load", [3]);

  const { series } = await query(world, { by: ["device"], changes: true });

  assert.deepEqual(
    series.map(({ by, before, overall, change }) => [by["device"], before, overall, change]),
    [
      ["gw-3", 0, 1, null],
      ["gw-2", 8, 2, -0.75],
      ["gw-1", 10, 11, 0.1],
      ["mute", 3, null, null],
    ],
  );
});

test("what a query would read is told without reading it, and what it read afterwards", async () => {
  await using world = await aMeasuredFleet();

  const explained = await query(world, { explain: true, selector: "site=berlin" });
  const answered = await query(world, { selector: "site=berlin" });

  assert.deepEqual([explained.series, explained.cost.isEstimated, answered.cost.isEstimated], [[], true, false]);
  assert.deepEqual({ ...explained.cost, isEstimated: false }, answered.cost);
  assert.equal(answered.cost.samples, 3);
});

test("a query that would read too much is refused before it reads, with the amount and what to do", async () => {
  await using world = await aMeasuredFleet();
  const chunk = {
    device: "d1",
    hour: world.since,
    part: 0,
    from: world.since,
    to: world.since,
    receivedAt: world.since,
  };
  await world.store.commit(
    put(mergedChunks, { ...chunk, id: chunkId("d1", world.since, 0), bytes: 90 * 1024 ** 2, cells: 70_000_000 }),
  );

  await assert.rejects(query(world, {}), {
    message:
      "this would read 71 million samples (91 MiB) of 4 devices, and at most 60 million (512 MiB) are read at once; ask for a shorter range, fewer devices or fewer metrics",
  });
  const { cost, series } = await query(world, { explain: true });
  assert.deepEqual([cost.samples > 60_000_000, cost.isEstimated, series], [true, true, []]);
  assert.equal((await query(world, { device: "gw-2" })).series[0]?.overall, 5);
});

test("a caller sees only what lies within the devices that the permission holds for", async () => {
  await using world = await aMeasuredFleet();
  const limited = { permissions: [], limited: [{ permission: "telemetry:read", selectors: ["site=oslo"] }] };
  const input = {
    metric: ["load"],
    from: world.since,
    to: world.since + 3 * MINUTE,
    step: "1m",
    by: ["device"],
  } as const;

  const { series, cost } = await world.call(queryTelemetry, { ...input, metric: ["load"], by: ["device"] }, limited);

  assert.deepEqual(
    series.map(({ by }) => by["device"]),
    ["gw-3"],
  );
  assert.equal(cost.devices, 1);
  await assert.rejects(
    world.call(queryTelemetry, { ...input, metric: ["load"], by: ["device"], device: "gw-1" }, limited),
    /there is no device "gw-1"/,
  );
});

for (const [input, message] of [
  [{ from: 2, to: 1 }, /"from" \(2\) must not be after "to" \(1\)/],
  [{ function: "p95", across: "max" }, /"across" does not go with p95/],
  [{ order: "ascending" }, /give top as well/],
  [{ order: "ascending", top: 1, changes: true }, /"order" does not go with "changes"/],
  [{ selector: "site=" }, /site/],
  [{ device: "nobody" }, /there is no device "nobody"/],
  [{ from: 0, step: "10s" }, /windows of 10s/],
] as const)
  test(`a query with ${JSON.stringify(input)} is refused with a reason`, async () => {
    await using world = await aFleet();

    await assert.rejects(query(world, input), message);
  });

test("more groups than an answer shows are refused with what to do, and shown when the top is asked for", async () => {
  await using world = await aFleet();
  for (let part = 0; part < 2; part++)
    await world.report("d1", "telemetry", {
      telemetry: {
        baseMs: world.since + part,
        offsetMs: [0],
        series: Array.from({ length: 600 }, (_, i) => ({ metric: "load", instance: `${part}-${i}`, values: [i] })),
      },
    });

  await assert.rejects(
    query(world, { by: ["instance"] }),
    /the answer has 1200 groups and at most 1000 are given; ask for the top/,
  );
  const { series, omitted } = await query(world, { by: ["instance"], top: 3 });
  assert.deepEqual([series.map(({ overall }) => overall), omitted], [[599, 599, 598], 1_197]);
});
