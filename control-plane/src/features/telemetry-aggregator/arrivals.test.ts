import assert from "node:assert/strict";
import { test } from "node:test";
import { DAY, HOUR, MINUTE, SECOND } from "@edgemere/protocol/kit";
import { memoryDatabase, type Database } from "../../platform/database.ts";
import { arrivalsAfter, cursorAt } from "./arrivals.ts";
import { startWorld, type World } from "./aggregator.test-support.ts";

const report = (world: World, device: string, baseMs: number, values: readonly number[]) =>
  world.report(device, "telemetry", {
    telemetry: {
      baseMs,
      offsetMs: values.map((_, row) => row * SECOND),
      series: [
        { metric: "load", values: [...values] },
        { metric: "nothing", values: values.map(() => NaN) },
      ],
    },
  });
const arrived = async (world: World, cursor?: string, limit?: number) => {
  const found = await arrivalsAfter(world.store, {
    cursor,
    ...(limit !== undefined && { limit }),
  });
  return {
    ...found,
    reports: found.reports.map(({ device, instants, series }) => [
      device,
      instants[0],
      ...series.map(({ metric, values }) => `${metric} ${values.join(" ")}`),
    ]),
  };
};

test("samples are given in the order in which they came, each once, whatever was merged meanwhile", async () => {
  await using world = await startWorld({ arrivals: DAY });
  const start = world.clock.now();
  const given: unknown[] = [];
  let cursor: string | undefined;
  const look = async (limit?: number) => {
    const next = await arrived(world, cursor, limit);
    cursor = next.cursor;
    given.push(...next.reports);
    return next.more;
  };
  await report(world, "d2", start, [1, 2]);
  await world.advance(SECOND);
  await report(world, "d1", start - 3 * HOUR, [3]);
  await report(world, "d1", start - 3 * HOUR, [4]);
  await world.advance(MINUTE);

  assert.equal(await look(1), true);
  await world.advance(3 * HOUR);
  await report(world, "d2", start + SECOND, [5]);
  await world.advance(10 * MINUTE);
  while (await look(1));

  assert.deepEqual(given, [
    ["d2", start, "load 1 2"],
    ["d1", start - 3 * HOUR, "load 3"],
    ["d1", start - 3 * HOUR, "load 4"],
    ["d2", start + SECOND, "load 5"],
  ]);
  assert.deepEqual(await arrived(world, cursor), { reports: [], cursor, more: false });
});

test("a report that the disk keeps waiting is given when it lands, however late, and to whoever has gone on meanwhile", async () => {
  const memory = memoryDatabase();
  let held = Promise.resolve();
  let release = () => {};
  const database: Database = {
    get: (key) => memory.get(key),
    getMany: (keys) => memory.getMany(keys),
    keys: (range) => memory.keys(range),
    entries: (range) => memory.entries(range),
    close: () => memory.close(),
    batch: async (operations) => {
      await held;
      return memory.batch(operations);
    },
  };
  await using world = await startWorld({ arrivals: DAY, database });
  const start = world.clock.now();
  const before = await arrived(world);
  held = new Promise<void>((resolve) => (release = resolve));
  const waiting = report(world, "d1", start, [1]);
  await world.clock.advance(MINUTE);
  const meanwhile = await arrived(world, before.cursor);
  release();
  await waiting;
  await report(world, "d2", start, [2]);

  const later = await arrived(world, meanwhile.cursor);

  assert.deepEqual(meanwhile.reports, []);
  assert.deepEqual(later.reports, [
    ["d1", start, "load 1"],
    ["d2", start, "load 2"],
  ]);
});

test("who begins now is given what comes from now on", async () => {
  await using world = await startWorld({ arrivals: DAY });
  const now = world.clock.now();
  await report(world, "d1", now, [1]);
  await world.advance(SECOND);
  const cursor = cursorAt(world.clock.now());
  await report(world, "d1", now + SECOND, [2]);
  await world.advance(MINUTE);

  assert.deepEqual((await arrived(world, cursor)).reports, [["d1", now + SECOND, "load 2"]]);
});

test("the order of arrival is kept as long as it is wanted, and not at all where nobody wants it", async () => {
  await using kept = await startWorld({ arrivals: HOUR });
  await using unwanted = await startWorld();
  for (const world of [kept, unwanted]) {
    await report(world, "d1", world.clock.now(), [1]);
    await world.advance(MINUTE);
  }

  assert.deepEqual([(await arrived(kept)).reports.length, (await arrived(unwanted)).reports.length], [1, 0]);
  await kept.advance(2 * HOUR);
  assert.equal((await arrived(kept)).reports.length, 0);
});
