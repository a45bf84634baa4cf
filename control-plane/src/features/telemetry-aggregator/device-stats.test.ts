import assert from "node:assert/strict";
import { test } from "node:test";
import { DAY, HOUR, MINUTE, SECOND } from "@edgemere/protocol/kit";
import { ManualClock } from "@edgemere/protocol/simulated";
import { Value } from "@sinclair/typebox/value";
import fc from "fast-check";
import { device } from "../devices/contract.ts";
import { dueWindow } from "./device-stats.ts";
import { startWorld, type World } from "./aggregator.test-support.ts";

const BEGIN = 20_000 * DAY + 12 * HOUR;
const windows = {
  every: MINUTE,
  keepMinutes: 7 * DAY,
  keepHours: 730 * DAY,
  stats: { every: 5 * MINUTE, metrics: ["load", "never.measured"] },
};

const reported = (world: World, baseMs: number, values: readonly number[], pace = 10 * SECOND) =>
  world.report("d1", "telemetry", {
    telemetry: {
      baseMs,
      offsetMs: values.map((_, row) => row * pace),
      series: [
        { metric: "load", instance: "a", values: [...values] },
        { metric: "load", instance: "b", values: values.map((value) => value + 100) },
        { metric: "other", instance: "", values: [...values] },
      ],
    },
  });
const told = async (world: World) =>
  (await world.store.events(0, 10_000))
    .filter(({ type }) => type === "device.stats")
    .map(({ subject, data }) => ({ subject, ...(data as { name: string; stats: object }) }))
    .map(({ subject, name, stats }) => ({ subject, name, stats }));

test("of a window that is over is told once what the metrics that were named were, with the device", async () => {
  await using world = await startWorld({ windows, clock: new ManualClock(BEGIN) });
  await reported(world, BEGIN, [1, 2, 3]);
  await world.advance(4 * MINUTE);
  const early = await told(world);

  await world.advance(20 * MINUTE);

  assert.deepEqual(early, []);
  const stats = {
    from: BEGIN,
    to: BEGIN + 5 * MINUTE,
    metrics: [{ metric: "load", devices: 1, count: 6, min: 1, max: 103, mean: 52 }],
  };
  assert.deepEqual(await told(world), [{ subject: "d1", name: "gw-1", stats }]);
  assert.ok(Value.Check(device.shape.properties.stats, stats), "it is as the device's declaration says");
});

test("the last window of an hour is told too, though the device says nothing after it", async () => {
  await using world = await startWorld({ windows, clock: new ManualClock(BEGIN + 56 * MINUTE) });
  await reported(world, BEGIN + 56 * MINUTE, [7]);

  await world.advance(10 * MINUTE);

  assert.deepEqual(
    (await told(world)).map(({ stats }) => (stats as { to: number }).to),
    [BEGIN + HOUR],
  );
});

test("what comes late is in its windows, and is no news", async () => {
  await using world = await startWorld({ windows, clock: new ManualClock(BEGIN) });
  await reported(world, BEGIN, [1]);
  await world.advance(7 * MINUTE);
  const after = (await told(world)).length;
  await reported(world, BEGIN + MINUTE, [50]);
  await reported(world, BEGIN - 3 * HOUR, [50]);

  await world.advance(10 * MINUTE);

  assert.deepEqual([after, (await told(world)).length], [1, 1]);
});

test("a window is told only when it is over, newer than the one told before, and in its hour", () => {
  const every = 5 * MINUTE;
  fc.assert(
    fc.property(fc.integer({ min: -10, max: 200 }), fc.integer({ min: -10, max: 200 }), (minutes, before) => {
      const [now, last] = [BEGIN + minutes * MINUTE, BEGIN + before * MINUTE];
      const due = dueWindow(BEGIN, { every, told: last, now });
      if (due === undefined) return;
      const to = due.from + every;

      assert.ok(due.from >= BEGIN && to <= BEGIN + HOUR && to > last && to <= now - MINUTE && due.from % every === 0);
    }),
  );
});
