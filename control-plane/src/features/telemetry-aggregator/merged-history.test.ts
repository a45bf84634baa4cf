import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { inColumns, pack } from "@edgemere/protocol";
import { DAY, HOUR, MINUTE, SECOND } from "@edgemere/protocol/kit";
import { ManualClock } from "@edgemere/protocol/simulated";
import { startTestCore, type CoreContext } from "../../platform/core.test-support.ts";
import { memoryDatabase } from "../../platform/database.ts";
import { mortal } from "../../platform/database.test-support.ts";
import { aDevice } from "../device.test-support.ts";
import { startWorld, type World } from "./aggregator.test-support.ts";
import { SeriesLists, telemetryAggregator, type TelemetryContext } from "./index.ts";
import { costOf, readSamples } from "./reading.ts";
import { mergedChunks, reportsOf, summaries } from "./tables.ts";

interface Made {
  readonly baseMs: number;
  readonly offsetMs: readonly number[];
  readonly series: readonly { readonly metric: string; readonly values: readonly number[] }[];
}
const recordOf = ({ baseMs, offsetMs, series }: Made) => ({
  telemetry: { baseMs, offsetMs: [...offsetMs], series: series.map((each) => ({ ...each, values: [...each.values] })) },
});
const report = (world: World, made: Made) => world.report("d1", "telemetry", recordOf(made));
const everything = async (world: World) => {
  const { series, spans } = await readSamples(world.store, "d1", { from: 0, to: world.clock.now() + DAY });
  return {
    series: series.map(({ metric, at, values }) => ({ metric, at: [...at], values: [...values] })),
    spans: spans.toSorted((a, b) => a.from - b.from || a.to - b.to || a.rows - b.rows),
  };
};
const unmerged = async ({ store }: World): Promise<number> => {
  let reports = 0;
  for await (const _ of store.bytesBetween(reportsOf("d1"))) reports++;
  return reports;
};
const chunksOf = async ({ store }: World) => (await store.list(mergedChunks)).items;

/** What the samples of these reports are, in the order of their instants, and where these are equal in that of their reports. */
function expected(made: readonly Made[]) {
  const inOrder = made
    .map((each, place) => ({ ...each, place }))
    .toSorted((a, b) => a.baseMs - b.baseMs || a.place - b.place);
  const metrics = [...new Set(made.flatMap(({ series }) => series.map(({ metric }) => metric)))].toSorted();
  const series = metrics.flatMap((metric) => {
    const samples = inOrder
      .flatMap(({ baseMs, offsetMs, series }) =>
        series
          .filter((each) => each.metric === metric)
          .flatMap(({ values }) => values.map((value, row) => ({ at: baseMs + (offsetMs[row] ?? 0), value }))),
      )
      .filter(({ value }) => !Number.isNaN(value))
      .toSorted((a, b) => a.at - b.at);
    const [at, values] = [samples.map((each) => each.at), samples.map(({ value }) => value)];
    return samples.length === 0 ? [] : [{ metric, at, values }];
  });
  const spans = inOrder
    .map(({ baseMs: from, offsetMs }) => ({
      from,
      to: from + (offsetMs.at(-1) ?? 0),
      rows: offsetMs.length,
      isEstimated: false,
    }))
    .toSorted((a, b) => a.from - b.from || a.to - b.to || a.rows - b.rows);
  return { series, spans };
}

const column = (rows: number) => fc.array(fc.oneof(fc.nat(5), fc.constant(NaN)), { minLength: rows, maxLength: rows });
const made = (start: number): fc.Arbitrary<Made> =>
  fc
    .record({ ago: fc.nat(200), rows: fc.integer({ min: 1, max: 4 }), step: fc.constantFrom(0, 1, 60, 1_800) })
    .chain(({ ago, rows, step }) =>
      fc.uniqueArray(fc.constantFrom("a", "b", "c", "d"), { maxLength: 3 }).chain((metrics) =>
        fc.tuple(...metrics.map(() => column(rows))).map((columns) => ({
          baseMs: start - ago * MINUTE,
          offsetMs: Array.from({ length: rows }, (_, row) => row * step * SECOND),
          series: metrics.map((metric, place) => ({ metric, values: columns[place] ?? [] })),
        })),
      ),
    );

test("merging changes nothing of the history, in whatever order reports come and whenever they are merged", async () => {
  const start = new ManualClock().now();
  const happening = fc.record({ made: made(start), pause: fc.constantFrom(0, 0, 0, SECOND, 2 * MINUTE, 90 * MINUTE) });
  await fc.assert(
    fc.asyncProperty(fc.array(happening, { minLength: 1, maxLength: 12 }), async (happenings) => {
      await using world = await startWorld();
      for (const { made, pause } of happenings) {
        await report(world, made);
        await world.advance(pause);
      }
      const whole = expected(happenings.map(({ made }) => made));

      assert.deepEqual(await everything(world), whole);
      await world.advance(3 * HOUR);
      assert.deepEqual(await everything(world), whole);
      assert.equal(await unmerged(world), 0);
    }),
    { numRuns: 30 },
  );
});

const rowsOf = (baseMs: number, count: number, series: number): Made => ({
  baseMs,
  offsetMs: Array.from({ length: count }, (_, row) => row * SECOND),
  series: Array.from({ length: series }, (_, place) => ({
    metric: `m${String(place).padStart(3, "0")}`,
    values: Array.from({ length: count }, (_, row) => (row * 7 + place) % 13),
  })),
});

test("reports are merged when their hour is over, and what comes later joins them", async () => {
  await using world = await startWorld();
  const hour = Math.ceil(world.clock.now() / HOUR) * HOUR;
  await world.advance(hour - world.clock.now());
  const reports = [0, 1, 2].map((minute) => rowsOf(hour + minute * MINUTE, 5, 2));
  for (const each of reports) await report(world, each);

  await world.advance(50 * MINUTE);
  assert.deepEqual([await unmerged(world), (await chunksOf(world)).length], [3, 0]);
  await world.advance(HOUR);
  assert.deepEqual([await unmerged(world), (await chunksOf(world)).length], [0, 1]);
  await report(world, rowsOf(hour - SECOND, 5, 2));
  await report(world, rowsOf(hour + 30 * MINUTE, 5, 2));
  await world.advance(5 * MINUTE);

  assert.equal(await unmerged(world), 0);
  assert.deepEqual(
    (await chunksOf(world)).map(({ hour: begin, part, from, to, cells }) => ({ begin, part, from, to, cells })),
    [
      { begin: hour - HOUR, part: 0, from: hour - SECOND, to: hour + 3 * SECOND, cells: 10 },
      { begin: hour, part: 0, from: hour, to: hour + 30 * MINUTE + 4 * SECOND, cells: 40 },
    ],
  );
});

test("an hour with more samples than a chunk has room for is kept in parts, without waiting for its end", async () => {
  await using world = await startWorld();
  const hour = Math.ceil(world.clock.now() / HOUR) * HOUR;
  await world.advance(hour - world.clock.now());
  const reports = Array.from({ length: 10 }, (_, minute) => rowsOf(hour + minute * MINUTE, 60, 100));
  for (const each of reports) await report(world, each);

  await world.advance(10 * MINUTE);
  const early = await chunksOf(world);
  await world.advance(2 * HOUR);

  assert.equal(early.length, 1);
  assert.deepEqual(
    (await chunksOf(world)).map(({ part, cells }) => [part, cells]),
    [
      [0, 30_000],
      [1, 30_000],
    ],
  );
  assert.deepEqual(await everything(world), expected(reports));
});

test("a power cut before or after any write of reports and of merging loses and doubles nothing", async () => {
  const start = new ManualClock().now();
  const reports = [0, 1, 20, 21, 2].map((tenMinutes) => rowsOf(start + tenMinutes * 10 * MINUTE, 5, 2));
  const sent = reports.map((each, place) => ({ sequence: place + 1, atMs: each.baseMs, ...recordOf(each) }));
  const whole = expected(reports);
  for (let death = 1; death <= 10; death++)
    for (const hasLanded of [false, true]) {
      const [database, clock] = [memoryDatabase(), new ManualClock(start)];
      const parts = {
        features: [telemetryAggregator],
        context: { telemetry: { retention: 7 * DAY, seriesLists: new SeriesLists() } },
        clock,
      };
      const begun = { ...database, close: () => Promise.resolve() };
      for (const each of [begun, mortal(database, death, hasLanded), database]) {
        await using world = await startTestCore<CoreContext & TelemetryContext>({ ...parts, database: each });
        if (each === begun) await world.store.commit(aDevice("d1"));
        for (const record of each === begun ? [] : sent) {
          const batch = { ...inColumns([record]), firstUnacknowledged: 1, sessionEpoch: 1 };
          const arriving = world.arrived("d1", pack("telemetry", { device: "d1" }, batch)).catch(() => undefined);
          // Where the store is broken the link tries on, as long as its control plane lives.
          await Promise.all([world.advance(70 * MINUTE), ...(each === database ? [arriving] : [])]);
        }
        if (each !== database) continue;
        await world.advance(3 * HOUR);
        assert.deepEqual(await everything(world), whole);
        assert.equal(await unmerged(world), 0);
      }
    }
});

test("what a question costs is known before it is asked, and counts what is not merged yet", async () => {
  await using world = await startWorld();
  const now = world.clock.now();
  await report(world, rowsOf(now, 60, 10));

  const before = await costOf(world.store, "d1", { from: now, to: now + HOUR });
  await world.advance(2 * HOUR);
  const after = await costOf(world.store, "d1", { from: now, to: now + HOUR });
  const elsewhere = await costOf(world.store, "d1", { from: now - DAY, to: now - 2 * HOUR });

  assert.equal(before.samples, 600);
  assert.equal(after.samples, 600);
  assert.ok(after.bytes > 100 && after.bytes < before.bytes, `${after.bytes} and ${before.bytes}`);
  assert.deepEqual(elsewhere, { bytes: 0, samples: 0 });
});

test("names of series that come and go are forgotten, and the samples that have them are not", async () => {
  await using world = await startWorld();
  const now = world.clock.now();
  for (let round = 0; round < 6; round++)
    await report(world, {
      baseMs: now + round * SECOND,
      offsetMs: [0],
      series: Array.from({ length: 1_000 }, (_, place) => ({ metric: `m${round}.${place}`, values: [place] })),
    });
  await world.advance(2 * HOUR);
  await report(world, { baseMs: world.clock.now(), offsetMs: [0], series: [{ metric: "last", values: [1] }] });

  const { series } = await readSamples(world.store, "d1", { from: now, to: world.clock.now() });
  const summary = await world.store.get(summaries, "d1");

  assert.equal(series.length, 6_001);
  assert.deepEqual([...(series.find(({ metric }) => metric === "m5.999")?.values ?? [])], [999]);
  assert.equal(summary?.unmerged, 1);
});
