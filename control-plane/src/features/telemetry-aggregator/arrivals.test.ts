import assert from "node:assert/strict";
import { test } from "node:test";
import { DAY, HOUR, MINUTE, SECOND } from "@edgemere/protocol/kit";
import { startTestCore, type CoreContext, type TestCore } from "../../platform/core.test-support.ts";
import { aDevice } from "../device.test-support.ts";
import { arrivalsAfter, cursorAt } from "./arrivals.ts";
import { telemetryAggregator, type TelemetryContext } from "./index.ts";

type World = TestCore<CoreContext & TelemetryContext>;

async function startWorld(arrivals?: number): Promise<World> {
  const world = await startTestCore<CoreContext & TelemetryContext>({
    features: [telemetryAggregator],
    context: { telemetry: { retention: 7 * DAY, arrivals } },
  });
  await world.store.commit(aDevice("d1"), aDevice("d2"));
  return world;
}

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
    now: world.clock.now(),
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
  await using world = await startWorld(DAY);
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

test("what may still be landing is not passed", async () => {
  await using world = await startWorld(DAY);
  await report(world, "d1", world.clock.now(), [1]);

  const early = await arrived(world);
  await world.advance(31 * SECOND);
  const later = await arrived(world, early.cursor);

  assert.deepEqual([early.reports.length, later.reports.length], [0, 1]);
});

test("who begins now is given what comes from now on", async () => {
  await using world = await startWorld(DAY);
  const now = world.clock.now();
  await report(world, "d1", now, [1]);
  await world.advance(SECOND);
  const cursor = cursorAt(world.clock.now());
  await report(world, "d1", now + SECOND, [2]);
  await world.advance(MINUTE);

  assert.deepEqual((await arrived(world, cursor)).reports, [["d1", now + SECOND, "load 2"]]);
});

test("the order of arrival is kept as long as it is wanted, and not at all where nobody wants it", async () => {
  await using kept = await startWorld(HOUR);
  await using unwanted = await startWorld();
  for (const world of [kept, unwanted]) {
    await report(world, "d1", world.clock.now(), [1]);
    await world.advance(MINUTE);
  }

  assert.deepEqual([(await arrived(kept)).reports.length, (await arrived(unwanted)).reports.length], [1, 0]);
  await kept.advance(2 * HOUR);
  assert.equal((await arrived(kept)).reports.length, 0);
});
