import assert from "node:assert/strict";
import { test } from "node:test";
import { DAY, HOUR, MINUTE, SECOND, silentLog } from "@edgemere/protocol/kit";
import { ManualClock } from "@edgemere/protocol/simulated";
import fc from "fast-check";
import type { InputOf } from "../../platform/action.ts";
import { put, putBytes, removed } from "../../platform/change.ts";
import { slow } from "../../platform/database.test-support.ts";
import type { TelemetryContext, WindowsOptions } from "./context.ts";
import { queryTelemetry } from "./contract.ts";
import { startWorld, type World } from "./aggregator.test-support.ts";
import { reportsOf } from "./tables.ts";
import { makeWindows } from "./window-passes.ts";
import { dirtyHours, hoursUnderWay, windowsBefore } from "./window-tables.ts";

const usual: WindowsOptions = { every: MINUTE, keepMinutes: 7 * DAY, keepHours: 730 * DAY };
/** A round number of days after 1970. */
const BEGIN = 20_000 * DAY;

const startAt = (windows = usual): Promise<World> => startWorld({ windows, clock: new ManualClock(BEGIN + 2 * DAY) });

const reported = (
  world: World,
  id: string,
  baseMs: number,
  offsetMs: readonly number[],
  values: readonly number[],
  holdMs = 0,
) => {
  const series = [{ metric: "load", instance: "", holdMs, values: [...values] }];
  return world.report(id, "telemetry", { telemetry: { baseMs, offsetMs: [...offsetMs], series } });
};

const query = (world: World, input: Partial<InputOf<typeof queryTelemetry>>) =>
  world.call(queryTelemetry, { metric: ["load"], from: BEGIN, to: BEGIN + 2 * DAY, step: "1h", ...input });

const someBatch = fc.record({
  device: fc.constantFrom("d1", "d2"),
  at: fc.integer({ min: 0, max: 6 * HOUR }),
  values: fc.array(fc.option(fc.integer({ min: -50, max: 1_000 }), { nil: NaN, freq: 3 }), {
    minLength: 1,
    maxLength: 30,
  }),
  pace: fc.constantFrom(SECOND, 10 * SECOND, 7 * MINUTE),
  /** How long after it the next one arrives. */
  pause: fc.constantFrom(0, 20 * SECOND, 5 * MINUTE),
});

/** For how long values stand in rows that have none. */
const someHold = fc.constantFrom(0, 30 * SECOND, 4 * HOUR);

test("windows that were made beforehand say what the samples say, however late and in whatever order these came", async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(someBatch, { minLength: 1, maxLength: 8 }), someHold, async (batches, hold) => {
      await using made = await startAt();
      await using plain = await startAt({ ...usual, keepMinutes: 0, every: 100 * DAY });
      for (const { device, at, values, pace, pause } of batches) {
        for (const world of [made, plain]) {
          await reported(
            world,
            device,
            BEGIN + at,
            values.map((_, row) => row * pace),
            values,
            hold,
          );
          await world.advance(pause);
        }
      }
      for (const what of ["min", "max", "sum", "count", "last", "rate"] as const)
        for (const step of ["1m", "5m", "1h", "1d"] as const) {
          const input = { function: what, step, to: BEGIN + 10 * HOUR, by: ["device"] };
          const [ours, theirs] = [await query(made, input), await query(plain, input)];
          assert.deepEqual(ours.series, theirs.series, `${what} in ${step}`);
          assert.equal(ours.source, step === "1m" || step === "5m" ? "minutes" : "hours");
        }
    }),
    { numRuns: 12 },
  );
});

test("what comes later in an hour costs no look at the samples before it, and changes none of their windows", async () => {
  await using world = await startAt();
  await world.advance(2 * MINUTE);
  await reported(world, "d1", BEGIN, [0, 7 * MINUTE], [5, 6]);
  await world.advance(2 * MINUTE);
  const forgotten = [];
  for await (const [key] of world.store.bytesBetween(reportsOf("d1"))) forgotten.push(putBytes(key, undefined));
  await world.store.commit(...forgotten);

  await reported(world, "d1", BEGIN + 30 * MINUTE, [0], [7]);
  await world.advance(2 * MINUTE);

  const sums = { function: "sum", to: BEGIN + HOUR } as const;
  const minutes = (await query(world, { ...sums, step: "1m" })).series[0]?.value ?? [];
  assert.deepEqual([minutes[0], minutes[7], minutes[30]], [5, 6, 7]);
  assert.deepEqual((await query(world, sums)).series[0]?.value, [18]);
});

test("a minute whose samples are looked at again for the next one counts once", async () => {
  await using world = await startAt();
  await reported(world, "d1", BEGIN, [0], [5]);
  await world.advance(2 * MINUTE);
  await reported(world, "d1", BEGIN + MINUTE, [0], [6]);
  await world.advance(2 * MINUTE);

  const { series } = await query(world, { function: "sum", to: BEGIN + HOUR, step: "1m" });

  assert.deepEqual(series[0]?.value.slice(0, 2), [5, 6]);
});

test("what a crash left taken up is made all the same", async () => {
  await using world = await startAt();
  await world.advance(2 * MINUTE);
  await reported(world, "d1", BEGIN, [0], [5]);
  const { items } = await world.store.list(dirtyHours);
  await world.store.commit(...items.flatMap((each) => [removed(dirtyHours, each.id), put(hoursUnderWay, each)]));

  await world.advance(2 * MINUTE);

  assert.deepEqual((await world.store.list(hoursUnderWay)).items, []);
  const { series, cost } = await query(world, { to: BEGIN + HOUR });
  assert.deepEqual([series[0]?.value, cost.samples], [[5], 24]);
});

test("what came since is in the answer at once, and when there is too much of it the answer says that it is not", async () => {
  await using world = await startAt({ ...usual, every: 100 * DAY });
  await reported(world, "d1", BEGIN, [0], [1]);

  assert.deepEqual((await query(world, {})).series[0]?.overall, 1);

  const hours = Array.from({ length: 24 }, (_, hour) => hour * HOUR);
  for (let day = 25; day > 0; day--)
    await reported(
      world,
      "d1",
      BEGIN - day * DAY,
      hours,
      hours.map(() => 3),
    );
  const { pending, series } = await query(world, { from: BEGIN - 600 * HOUR });
  assert.deepEqual([pending > 500, series], [true, []]);
});

test("windows go when they are older than their resolution is kept, and samples that come later than that change none", async () => {
  await using world = await startAt({ ...usual, every: HOUR, keepMinutes: DAY, keepHours: 12 * DAY });
  await reported(world, "d1", world.clock.now(), [0], [1]);
  await world.advance(2 * HOUR);
  const left = async (resolution: "minutes" | "hours") => {
    let count = 0;
    for await (const _ of world.store.bytesBetween(windowsBefore(resolution, Number.MAX_SAFE_INTEGER))) count++;
    return count;
  };
  assert.deepEqual([await left("minutes"), await left("hours")], [1, 1]);

  await world.advance(9 * DAY);
  assert.deepEqual([await left("minutes"), await left("hours")], [0, 1]);
  await reported(world, "d1", BEGIN + 2 * DAY + SECOND, [0], [100]);
  await world.advance(2 * HOUR);
  const { series } = await query(world, { from: BEGIN + 2 * DAY, to: BEGIN + 3 * DAY, function: "max" });
  assert.deepEqual(
    series.map(({ overall }) => overall),
    [1],
  );

  await world.advance(6 * DAY);
  assert.equal(await left("hours"), 0);
});

test("when a pass took long, the next is begun three times as long after it", async () => {
  const clock = new ManualClock(BEGIN);
  const { database, delayNext } = slow((ms) => clock.sleep(ms));
  await using world = await startWorld({ windows: { ...usual, every: 100 * DAY }, clock, database });
  await world.advance(SECOND);
  const parts = { store: world.store, clock, log: silentLog, telemetry: { retention: 7 * DAY, windows: usual } };
  const making = makeWindows(parts as unknown as TelemetryContext, usual);
  const isMade = async () => (await world.store.count(dirtyHours)) === 0;

  await reported(world, "d1", BEGIN, [0], [5]);
  delayNext(20 * SECOND);
  const long = making.step();
  await world.advance(20 * SECOND);
  await long;
  assert.ok(await isMade());
  await reported(world, "d1", BEGIN + SECOND, [0], [6]);

  await world.advance(59 * SECOND);
  assert.equal(await making.step(), "settled");
  assert.ok(!(await isMade()));
  await world.advance(SECOND);
  await making.step();
  assert.ok(await isMade());
});
