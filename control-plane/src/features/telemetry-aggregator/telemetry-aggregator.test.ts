import assert from "node:assert/strict";
import { test } from "node:test";
import { DAY, HOUR, MINUTE, SECOND } from "@edgemere/protocol/kit";
import type { RecordBody } from "@edgemere/protocol";
import type { OutputOf } from "../../platform/action.ts";
import type { latestValues, listMetrics, readHistory } from "./contract.ts";
import { startWorld, type World } from "./aggregator.test-support.ts";

/** One row a second from `baseMs`, one series per metric. */
const samples = (baseMs: number, metrics: Record<string, readonly number[]>): RecordBody => {
  const rows = Math.max(...Object.values(metrics).map((values) => values.length));
  return {
    telemetry: {
      baseMs,
      offsetMs: Array.from({ length: rows }, (_, row) => row * SECOND),
      series: Object.entries(metrics).map(([metric, values]) => ({ metric, instance: "", values: [...values] })),
    },
  };
};

const history = async (world: World, input: object) =>
  (await world.ask("cpl/ta/history", { device: "gw-1", ...input })) as OutputOf<typeof readHistory>;
const latest = async (world: World) =>
  ((await world.ask("cpl/ta/latest", { device: "gw-1" })) as OutputOf<typeof latestValues>).values;

test("samples are found again between two instants, whatever chunks they came in", async () => {
  await using world = await startWorld();
  const now = world.clock.now();
  await world.report("d1", "telemetry", samples(now, { load: [1, 2, 3] }), samples(now + 3 * SECOND, { load: [4, 5] }));

  const found = await history(world, { from: now + SECOND, to: now + 3 * SECOND });

  assert.deepEqual(found.series, [
    { metric: "load", instance: "", at: [now + SECOND, now + 2 * SECOND, now + 3 * SECOND], value: [2, 3, 4] },
  ]);
});

test("a chunk that began long before the asked range is found", async () => {
  await using world = await startWorld();
  const now = world.clock.now();
  const long = { baseMs: now, offsetMs: [0, HOUR, 2 * HOUR], series: [{ metric: "load", values: [1, 2, 3] }] };
  await world.report("d1", "telemetry", { telemetry: long }, samples(now + 90 * MINUTE, { load: [9] }));

  const found = await history(world, { from: now + 110 * MINUTE, to: now + 3 * HOUR });

  assert.deepEqual(found.series[0]?.value, [3]);
});

test("what was not recorded is absent and never zero", async () => {
  await using world = await startWorld();
  const now = world.clock.now();
  await world.report(
    "d1",
    "telemetry",
    samples(now, { load: [1, Number.NaN, 3], temperature: [Number.NaN, Number.NaN, Number.NaN] }),
  );

  const found = await history(world, { from: now, to: now + MINUTE });

  assert.deepEqual(found.series, [{ metric: "load", instance: "", at: [now, now + 2 * SECOND], value: [1, 3] }]);
});

test("of more samples than points the last of each step is given", async () => {
  await using world = await startWorld();
  const now = world.clock.now();
  await world.report("d1", "telemetry", samples(now, { load: Array.from({ length: 100 }, (_, i) => i) }));

  const found = await history(world, { from: now, to: now + 100 * SECOND - 1, points: 10 });

  assert.deepEqual(found.series[0]?.value, [9, 19, 29, 39, 49, 59, 69, 79, 89, 99]);
});

test("of more samples than points the extremes of each step are given to whom they are of use", async () => {
  await using world = await startWorld();
  const now = world.clock.now();
  const values = Array.from({ length: 100 }, (_, i) => (i === 42 ? 1_000 : i));
  await world.report("d1", "telemetry", samples(now, { load: values }));
  const range = { from: now, to: now + 100 * SECOND - 1, extremes: true };

  const [thinned] = (await history(world, { ...range, points: 10 })).series;
  const [whole] = (await history(world, { ...range, points: 100 })).series;

  assert.deepEqual(thinned?.low, [0, 10, 20, 30, 40, 50, 60, 70, 80, 90]);
  assert.deepEqual(thinned?.high, [9, 19, 29, 39, 1_000, 59, 69, 79, 89, 99]);
  assert.deepEqual([whole?.value, whole?.low], [values, undefined]);
});

test("only the asked metrics are given", async () => {
  await using world = await startWorld();
  const now = world.clock.now();
  await world.report("d1", "telemetry", samples(now, { load: [1], temperature: [40], uptime: [7] }));

  const found = await history(world, { from: now, to: now, metric: ["load", "uptime", "nothing"] });

  assert.deepEqual(
    found.series.map(({ metric }) => metric),
    ["load", "uptime"],
  );
});

test("lost samples are listed as gaps where they overlap the range", async () => {
  await using world = await startWorld();
  const now = world.clock.now();
  const gap = { records: 3, bytes: 10, reason: "spool-full" };
  await world.report("d1", "telemetry", { gap: { ...gap, upTo: 1, fromMs: now, toMs: now + MINUTE } });
  await world.report("d1", "telemetry", { gap: { ...gap, upTo: 2, fromMs: now + HOUR, toMs: now + 2 * HOUR } });

  const found = await history(world, { from: now + 30 * SECOND, to: now + 2 * MINUTE });

  assert.deepEqual(found.gaps, [{ from: now, to: now + MINUTE, records: 3, reason: "spool-full" }]);
});

test("the newest value of each metric is known, also when late samples come after it", async () => {
  await using world = await startWorld();
  const now = world.clock.now();
  await world.report("d1", "telemetry", samples(now, { load: [1, 2, Number.NaN] }));
  await world.report("d1", "telemetry", samples(now - HOUR, { load: [8], uptime: [5] }));

  assert.deepEqual(await latest(world), [
    { metric: "load", instance: "", at: now + SECOND, value: 2 },
    { metric: "uptime", instance: "", at: now - HOUR, value: 5 },
  ]);
  const { metrics } = (await world.ask("cpl/ta/metrics", { device: "d1" })) as OutputOf<typeof listMetrics>;
  assert.deepEqual(
    metrics.map(({ metric }) => metric),
    ["load", "uptime"],
  );
});

test("a device that once believed in a later year does not hold its newest values there", async () => {
  await using world = await startWorld();
  const now = world.clock.now();
  await world.report("d1", "telemetry", samples(now + 1_000 * DAY, { load: [1] }));
  await world.report("d1", "telemetry", samples(now, { load: [2] }));

  assert.equal((await latest(world))[0]?.value, 2);
});

test("a repeated message is stored once", async () => {
  await using world = await startWorld();
  const now = world.clock.now();
  await world.report("d1", "telemetry", samples(now, { load: [1] }));
  await world.replay("d1", "telemetry", samples(now, { load: [1] }), samples(now + SECOND, { load: [2] }));

  assert.deepEqual((await history(world, { from: now, to: now + MINUTE })).series[0]?.value, [1, 2]);
});

test("samples and gaps are forgotten when they were kept long enough, and those that came later are not", async () => {
  await using world = await startWorld();
  const now = world.clock.now();
  await world.report("d1", "telemetry", samples(now, { load: [1] }), {
    gap: { upTo: 2, records: 1, reason: "spool-full", fromMs: now, toMs: now },
  });
  await world.advance(6 * DAY);
  await world.report("d1", "telemetry", samples(now + 2 * HOUR, { load: [2] }));
  await world.advance(DAY + 2 * HOUR);

  const found = await history(world, { from: now, to: world.clock.now() });

  assert.deepEqual(found.series[0]?.value, [2]);
  assert.deepEqual(
    found.gaps.filter(({ reason }) => reason !== "silence"),
    [],
  );
});

test("a range that ends before it begins, and an unknown device, are refused", async () => {
  await using world = await startWorld();

  await assert.rejects(history(world, { from: 2, to: 1 }), /"from" \(2\) must not be after "to" \(1\)/);
  await assert.rejects(world.ask("cpl/ta/latest", { device: "nobody" }), /there is no device "nobody"/);
});

test("series whose names differ only in where one part ends are two", async () => {
  await using world = await startWorld();
  const names = [
    { metric: "a\u0000b", instance: "c" },
    { metric: "a", instance: "b\u0000c" },
  ];
  const now = world.clock.now();
  const series = names.map((name, place) => ({ ...name, values: [place] }));
  await world.report("d1", "telemetry", { telemetry: { baseMs: now, offsetMs: [0], series } });

  const found = await history(world, { from: now, to: now });

  assert.deepEqual(
    found.series.map(({ value }) => value),
    [[1], [0]],
  );
});
