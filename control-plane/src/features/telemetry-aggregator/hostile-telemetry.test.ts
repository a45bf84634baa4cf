import assert from "node:assert/strict";
import { test } from "node:test";
import { inColumns, pack } from "@edgemere/protocol";
import { DAY, HOUR } from "@edgemere/protocol/kit";
import type { OutputOf } from "../../platform/action.ts";
import { latestValues, queryTelemetry, readHistory } from "./contract.ts";
import { startWorld, type World } from "./aggregator.test-support.ts";

/** Names that are alike to people, or known to every object. */
const NAMES = [
  "cpu.busy",
  "CPU.busy",
  "caf\u00e9",
  "cafe\u0301",
  "admin",
  "\u0430dmin",
  "a\u202ebc",
  "abc",
  "a\u200bbc",
  "__proto__",
  "constructor",
  "n".repeat(256),
];

const reported = (
  world: World,
  baseMs: number,
  named: Readonly<Record<string, number>> | ReadonlyMap<string, number>,
) => {
  const entries = named instanceof Map ? [...named] : Object.entries(named);
  const series = entries.map(([metric, value]: [string, number]) => ({ metric, instance: "", values: [value] }));
  return world.report("d1", "telemetry", { telemetry: { baseMs, offsetMs: [0], series } });
};
/** Just after what was measured now: the end of a range is not part of it. */
const after = (world: World) => world.clock.now() + 2;
const latest = async (world: World) => {
  const { values }: OutputOf<typeof latestValues> = await world.call(latestValues, { device: "d1" });
  return new Map(values.map(({ metric, value }) => [metric, value]));
};

test("metrics whose names only look alike are different metrics, and each is found by its own name", async () => {
  await using world = await startWorld();
  const named = new Map(NAMES.map((name, place) => [name, place]));
  await reported(world, world.clock.now(), named);

  assert.deepEqual(await latest(world), named);
  for (const [name, value] of named) {
    const { series } = await world.call(queryTelemetry, { metric: [name], function: "last", to: after(world) });
    assert.deepEqual(
      series.map(({ metric, overall }) => [metric, overall]),
      [[name, value]],
    );
  }
});

test("labels of any name group by what they say, and those that nobody gave are in the group without", async () => {
  await using world = await startWorld();
  await reported(world, world.clock.now(), { load: 1 });

  for (const by of NAMES.filter((name) => name.length <= 128)) {
    const { series } = await world.call(queryTelemetry, {
      metric: ["load"],
      by: [by],
      function: "last",
      to: after(world),
    });
    assert.deepEqual(
      series.map(({ by, overall }) => [Object.entries(by), overall]),
      [[[[by, ""]], 1]],
    );
  }
});

test("measurements that cannot be are kept as they came: what a sensor says is for people to judge", async () => {
  await using world = await startWorld();
  const absurd = {
    "cpu.busy_percent": 140,
    "memory.used_bytes": 2 ** 40,
    "memory.total_bytes": 2 ** 30,
    "disk.free_bytes": -1,
    "temperature.celsius": -300,
    "load.average_1m": -0.5,
    "queue.length": 1e308,
    "queue.age_seconds": 1e-320,
  };
  await reported(world, world.clock.now(), absurd);

  assert.deepEqual(await latest(world), new Map(Object.entries(absurd)));
  for (const [metric, value] of Object.entries(absurd)) {
    const { series } = await world.call(queryTelemetry, { metric: [metric], function: "max", to: after(world) });
    assert.equal(series[0]?.overall, value);
  }
});

test("a percentile of shares that are all a hundred is a hundred, in each window and over the range", async () => {
  for (const value of [100, 99.5, 33.3, -7]) {
    await using world = await startWorld();
    await reported(world, world.clock.now(), { "cpu.busy_percent": value });

    for (const name of ["p50", "p90", "p95", "p99"] as const) {
      const { series } = await world.call(queryTelemetry, {
        metric: ["cpu.busy_percent"],
        function: name,
        to: after(world),
      });
      assert.deepEqual([series[0]?.overall, series[0]?.value.filter((each) => each !== null)], [value, [value]]);
    }
  }
});

test("a metric that comes in another unit under another name is another series, and under the same name what came is all kept", async () => {
  await using world = await startWorld();
  const now = world.clock.now();
  await reported(world, now, { "memory.used_bytes": 2_048, "room.temperature": 20 });
  await reported(world, now + 1, { "memory.used_kilobytes": 2, "room.temperature": 68 });

  const shown = new Map([
    ["memory.used_bytes", 2_048],
    ["room.temperature", 68],
    ["memory.used_kilobytes", 2],
  ]);
  assert.deepEqual(await latest(world), new Map([...shown].toSorted(([a], [b]) => (a < b ? -1 : 1))));
  const told: OutputOf<typeof readHistory> = await world.call(readHistory, { device: "d1", from: now, to: now + 1 });
  const values = told.series.map(({ metric, value }) => [metric, value] as const);
  assert.deepEqual(new Map(values).get("room.temperature"), [20, 68]);
  assert.deepEqual(new Map(values).get("memory.used_bytes"), [2_048]);
});

test("a sum of measurements that is larger than any number is told as none, and not as an endless one", async () => {
  await using world = await startWorld();
  const now = world.clock.now();
  await reported(world, now, { load: 1.7e308 });
  await reported(world, now + 1, { load: 1.7e308 });

  const { series } = await world.call(queryTelemetry, { metric: ["load"], function: "sum", to: after(world) });

  assert.equal(series[0]?.overall, null);
});

/** Nothing is known of its clock, and what it says cannot be. */
const YEAR = 365 * DAY;
for (const [what, at] of [
  ["1970, by a clock that was never set", () => 0],
  ["2038", () => 2 ** 31 * 1_000],
  ["a day ahead", (now: number) => now + DAY + HOUR],
  ["ten years ahead", (now: number) => now + 10 * YEAR],
  ["the last year that a message may tell", () => 7_226_582_400_000],
] as const)
  test(`samples of ${what} are dated by a guess that is told, not later than they came, and keep nothing out`, async () => {
    await using world = await startWorld();
    const now = world.clock.now();
    await reported(world, at(now), { load: 9 });
    await world.advance(HOUR);
    await reported(world, now + HOUR, { load: 1 });

    assert.deepEqual(await latest(world), new Map([["load", 1]]));
    const told: OutputOf<typeof readHistory> = await world.call(readHistory, { device: "d1", from: 0, to: 8e12 });
    assert.deepEqual(
      [told.series[0]?.at, told.series[0]?.value],
      [
        [now, now + HOUR],
        [9, 1],
      ],
    );
    assert.deepEqual(told.estimated, [{ from: now, to: now }]);
  });

for (const [what, atMs] of [
  ["nanoseconds for milliseconds", 1_767_225_600_000_000_000],
  ["microseconds for milliseconds", 1_767_225_600_000_000],
  ["the year 275760", 8.64e15],
  ["1969", -14_182_940_000],
] as const)
  test(`samples of ${what} are refused under a reason that is counted`, async () => {
    await using world = await startWorld();
    const now = world.clock.now();
    const telemetry = { baseMs: now, offsetMs: [0], series: [{ metric: "m", values: [1] }] };
    const { records, schemas } = inColumns([{ sequence: 1, atMs: now, telemetry }]);
    const batch = {
      records: records.map((each) => ({ ...each, atMs })),
      schemas,
      firstUnacknowledged: 1,
      sessionEpoch: 1,
    };

    await world.arrived("d1", pack("telemetry", { device: "d1" }, batch));

    assert.deepEqual(world.link.refusals("d1"), { "out-of-range": 1 });
    assert.deepEqual(await latest(world), new Map());
  });
