import assert from "node:assert/strict";
import { test } from "node:test";
import { inColumns, limits, pack } from "@edgemere/protocol";
import { DAY, MINUTE, SECOND } from "@edgemere/protocol/kit";
import { memoryDatabase, type Database } from "../../platform/database.ts";
import type { OutputOf } from "../../platform/action.ts";
import { startWorld, type World } from "./aggregator.test-support.ts";
import { listMetrics, queryTelemetry } from "./contract.ts";
import { fleetFigures } from "./fleet-figures.ts";
import { newestValues } from "./newest.ts";
import { SeriesList } from "./series-list.ts";
import { seriesListKey } from "./tables.ts";

/** Messages of the device that never says the same twice, and new series in each. */
const [MESSAGES, NEW] = [84, 50];
/** What is told to whoever watches the control plane: less than the one device has. */
const SCRAPED = { metrics: ["load", "metric.*", "queue.*"], labels: [], series: 1_000 };

/** A database that counts what is asked of it and what is given to it. */
function counted() {
  const made = { reads: 0, writes: 0, bytes: 0 };
  const database = memoryDatabase();
  const counting: Database = {
    ...database,
    get: (key) => {
      made.reads += 1;
      return database.get(key);
    },
    getMany: (keys) => {
      made.reads += keys.length;
      return database.getMany(keys);
    },
    batch: async (operations) => {
      made.writes += operations.length;
      for (const each of operations) made.bytes += each.type === "put" ? each.value.length : 0;
      await database.batch(operations);
    },
    async *entries(range) {
      for await (const entry of database.entries(range)) {
        made.reads += 1;
        yield entry;
      }
    },
  };
  /** What some work costs. */
  const costOf = async (work: () => Promise<unknown>) => {
    const before = { ...made };
    await work();
    return { reads: made.reads - before.reads, writes: made.writes - before.writes, bytes: made.bytes - before.bytes };
  };
  return { counting, costOf };
}

const aWorld = (database: Database): Promise<World> =>
  startWorld({ windows: { every: MINUTE, keepMinutes: 7 * DAY, keepHours: 730 * DAY }, database });

/** One row of these series, as the record of this number. */
const sampled = (world: World, sequence: number, series: readonly { metric: string; instance: string }[]) =>
  pack(
    "telemetry",
    { device: "d1" },
    {
      ...inColumns([
        {
          sequence,
          atMs: world.clock.now(),
          telemetry: {
            baseMs: world.clock.now(),
            offsetMs: [0],
            series: series.map((each) => ({ ...each, values: [1] })),
          },
        },
      ]),
      firstUnacknowledged: 1,
      sessionEpoch: 1,
    },
  );

const quiet = (world: World, value: number) => {
  const telemetry = { baseMs: world.clock.now(), offsetMs: [0], series: [{ metric: "load", values: [value] }] };
  return world.report("d2", "telemetry", { telemetry });
};
const query = (world: World) =>
  world.call(queryTelemetry, { metric: ["load"], by: ["device"], step: "1m", function: "last" });

for (const [what, named] of [
  ["metrics", (number: number) => ({ metric: `metric.${number}`, instance: "" })],
  ["instances of a metric", (number: number) => ({ metric: "queue.length", instance: `session-${number}` })],
] as const)
  test(`a device that reports ever new ${what} fills its own room, which is counted, and costs the others nothing`, async () => {
    const { counting, costOf } = counted();
    await using world = await aWorld(counting);
    await world.hello("d1");
    await quiet(world, 1);
    await world.advance(2 * MINUTE);
    // The first of a session tells its schema.
    await quiet(world, 2);
    await world.advance(2 * MINUTE);
    const reportBefore = await costOf(() => quiet(world, 3));
    await world.advance(2 * MINUTE);
    // What was looked at once is remembered.
    await query(world);
    const queryBefore = await costOf(() => query(world));

    for (let message = 0; message < MESSAGES; message++) {
      const series = Array.from({ length: NEW }, (_, i) => named(message * NEW + i));
      await world.arrived("d1", sampled(world, message + 1, series));
      await world.clock.advance(SECOND);
    }
    await world.advance(2 * MINUTE);
    const reportAfter = await costOf(() => quiet(world, 4));
    await world.advance(2 * MINUTE);
    const queryAfter = await costOf(() => query(world));

    // Its own room: counted, and no more than was agreed.
    assert.deepEqual(world.link.refusals("d1"), { "too-many-schemas": MESSAGES - limits.telemetrySchemas });
    const { metrics }: OutputOf<typeof listMetrics> = await world.call(listMetrics, { device: "gw-1" });
    assert.equal(metrics.length, 2 * limits.telemetrySeries);
    const numbered = SeriesList.of(await world.store.bytes(seriesListKey("d1")));
    assert.ok(numbered.size <= 4 * limits.telemetrySeries, `${numbered.size} names are read with each report`);
    // The others: nothing refused, nothing evicted, nothing dearer.
    assert.deepEqual(world.link.refusals("d2"), {});
    assert.deepEqual(
      (await query(world)).series[0]?.value.filter((each) => each !== null),
      [1, 2, 3, 4],
    );
    assert.deepEqual([reportAfter.reads, reportAfter.writes], [reportBefore.reads, reportBefore.writes]);
    assert.ok(reportAfter.bytes < reportBefore.bytes + 64, `${reportAfter.bytes} bytes after ${reportBefore.bytes}`);
    assert.deepEqual([queryAfter.reads, queryAfter.writes], [queryBefore.reads, queryBefore.writes]);
    const shown = [];
    for (const id of ["d1", "d2"])
      shown.push({ id, name: id, labels: {}, isOnline: true, latest: await newestValues(id, world.store) });
    const families = fleetFigures(shown, SCRAPED, world.clock.now());
    assert.deepEqual(
      families.find(({ name }) => name.endsWith("_load"))?.samples.map(({ value }) => value),
      [4],
    );
  });
