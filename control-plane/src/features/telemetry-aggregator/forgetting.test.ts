import assert from "node:assert/strict";
import { test } from "node:test";
import { DAY, HOUR, MINUTE, SECOND } from "@edgemere/protocol/kit";
import { startTestCore, type CoreContext, type TestCore } from "../../platform/core.test-support.ts";
import { aDevice } from "../device.test-support.ts";
import { forgetHistory, latestValues, queryTelemetry, readHistory } from "./contract.ts";
import { telemetryAggregator, type TelemetryContext } from "./index.ts";

type World = TestCore<CoreContext & TelemetryContext>;

const windows = { every: MINUTE, keepMinutes: 7 * DAY, keepHours: 730 * DAY };

async function startWorld(): Promise<World> {
  const world = await startTestCore<CoreContext & TelemetryContext>({
    features: [telemetryAggregator],
    context: { telemetry: { retention: 7 * DAY, windows } },
  });
  await world.store.commit(aDevice("d1"), aDevice("d2"));
  return world;
}

const report = (world: World, device: string, baseMs: number, value: number) =>
  world.report(
    device,
    "telemetry",
    { telemetry: { baseMs, offsetMs: [0], series: [{ metric: "load", values: [value] }] } },
    { gap: { upTo: 2, records: 1, reason: "spool-full", fromMs: baseMs, toMs: baseMs } },
  );
const kept = async (world: World, device: string, from: number) => {
  const { series, gaps } = await world.call(readHistory, { device, from, to: world.clock.now() });
  return [series[0]?.value ?? [], gaps.filter(({ reason }) => reason !== "silence").length];
};

test("what somebody wants forgotten is forgotten, merged or not, and nothing of other devices", async () => {
  await using world = await startWorld();
  const start = world.clock.now();
  for (const device of ["d1", "d2"]) await report(world, device, start, 1);
  await world.advance(3 * HOUR);
  for (const device of ["d1", "d2"])
    await world.report(device, "telemetry", {
      telemetry: { baseMs: start + 3 * HOUR, offsetMs: [0], series: [{ metric: "load", values: [2] }] },
    });

  await world.call(forgetHistory, { device: "d1" });
  await world.advance(MINUTE);

  assert.deepEqual(await kept(world, "d1", start), [[], 0]);
  assert.deepEqual(await world.call(latestValues, { device: "d1" }), { device: "d1", values: [] });
  assert.deepEqual(await kept(world, "d2", start), [[1, 2], 1]);
});

test("of the hour in which the given instant lies nothing is forgotten", async () => {
  await using world = await startWorld();
  const hour = Math.ceil(world.clock.now() / HOUR) * HOUR;
  await world.advance(hour + 2 * HOUR - world.clock.now());
  for (const [place, baseMs] of [hour + 10 * MINUTE, hour + HOUR + MINUTE, hour + HOUR + 40 * MINUTE].entries())
    await world.report("d1", "telemetry", {
      telemetry: { baseMs, offsetMs: [0], series: [{ metric: "load", values: [place] }] },
    });

  const answer = await world.call(forgetHistory, { device: "d1", before: hour + HOUR + 30 * MINUTE });
  await world.advance(10 * SECOND);

  assert.deepEqual(answer, { device: "d1", before: hour + HOUR });
  assert.deepEqual(await kept(world, "d1", hour), [[1, 2], 0]);
});

test("what is reported after the forgetting is kept", async () => {
  await using world = await startWorld();
  const start = world.clock.now();
  await report(world, "d1", start, 1);
  await world.call(forgetHistory, { device: "d1" });
  await world.advance(MINUTE);
  await world.report("d1", "telemetry", {
    telemetry: { baseMs: start + MINUTE, offsetMs: [0], series: [{ metric: "load", values: [3] }] },
  });
  await world.advance(3 * HOUR);

  assert.deepEqual(await kept(world, "d1", start), [[3], 0]);
  assert.equal((await world.call(latestValues, { device: "d1" })).values[0]?.value, 3);
});

test("windows are forgotten with their samples, of one device only, and what comes later has windows as ever", async () => {
  await using world = await startWorld();
  const day = Math.ceil(world.clock.now() / DAY) * DAY;
  await world.advance(day + 5 * HOUR - world.clock.now());
  const told = async (device: string, step: "1m" | "1h" | "1d") => {
    const { series } = await world.call(queryTelemetry, { device, metric: ["load"], from: day, to: day + DAY, step });
    return (series[0]?.value ?? []).filter((value) => value !== null);
  };
  for (const device of ["d1", "d2"])
    for (const hour of [0, 1, 2])
      await world.report(device, "telemetry", {
        telemetry: { baseMs: day + hour * HOUR, offsetMs: [0], series: [{ metric: "load", values: [hour] }] },
      });
  await world.advance(2 * HOUR);
  assert.deepEqual(await told("d1", "1h"), [0, 1, 2]);

  await world.call(forgetHistory, { device: "d1", before: day + HOUR });
  await world.advance(5 * MINUTE);
  const partly = [await told("d1", "1m"), await told("d1", "1h"), await told("d1", "1d")];
  await world.call(forgetHistory, { device: "d1" });
  await world.advance(MINUTE);
  await world.report("d1", "telemetry", {
    telemetry: { baseMs: day + 7 * HOUR, offsetMs: [0], series: [{ metric: "load", values: [7] }] },
  });
  await world.advance(10 * MINUTE);

  assert.deepEqual(partly, [[1, 2], [1, 2], [1.5]]);
  for (const step of ["1m", "1h", "1d"] as const) assert.deepEqual(await told("d1", step), [7], step);
  assert.deepEqual(await told("d2", "1h"), [0, 1, 2]);
});
