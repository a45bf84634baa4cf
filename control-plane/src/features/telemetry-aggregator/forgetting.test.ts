import assert from "node:assert/strict";
import { test } from "node:test";
import { DAY, HOUR, MINUTE, SECOND } from "@edgemere/protocol/kit";
import { put, moved } from "../../platform/change.ts";
import { device } from "../devices/contract.ts";
import { forgetHistory, forgetting, latestValues, listMetrics, queryTelemetry, readHistory } from "./contract.ts";
import { startWorld, type World } from "./aggregator.test-support.ts";
import { latestKey, seriesListKey, summaries } from "./tables.ts";
import { hourId, hoursUnderWay } from "./window-tables.ts";

const windows = { every: MINUTE, keepMinutes: 7 * DAY, keepHours: 730 * DAY };

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
  await using world = await startWorld({ windows });
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
  assert.deepEqual(await world.call(latestValues, { device: "d1" }), {
    device: "d1",
    resolution: "samples",
    values: [],
  });
  assert.deepEqual(await kept(world, "d2", start), [[1, 2], 1]);
});

test("of the hour in which the given instant lies nothing is forgotten", async () => {
  await using world = await startWorld({ windows });
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
  await using world = await startWorld({ windows });
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
  await using world = await startWorld({ windows });
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

test("what was under way when windows were switched off does not keep a forgetting from its end", async () => {
  await using world = await startWorld();
  const hour = Math.floor(world.clock.now() / HOUR) * HOUR;
  await report(world, "d1", world.clock.now(), 1);
  await world.store.commit(put(hoursUnderWay, { id: hourId(hour, "d1"), device: "d1", hour }));

  await world.call(forgetHistory, { device: "d1" });
  await world.advance(MINUTE);

  assert.equal((await world.store.get(forgetting, "d1"))?.state, "done");
  assert.deepEqual((await world.call(latestValues, { device: "d1" })).values, []);
});

test("that telemetry is to be forgotten is told with who asked, and that it is done is told in one commit with the last of it", async () => {
  await using world = await startWorld({ windows });
  await report(world, "d1", world.clock.now(), 1);
  const after = world.store.lastNumber;

  await world.call(forgetHistory, { device: "d1", before: HOUR });
  await world.call(forgetHistory, { device: "d1" });
  const asked = await world.store.get(forgetting, "d1");
  await world.advance(MINUTE);
  await world.call(forgetHistory, { device: "d1" });

  assert.deepEqual([asked?.state, asked?.author], ["asked", "user:alice"]);
  assert.deepEqual(await world.eventTypes(after), [
    "forgetting.create",
    "forgetting.asked",
    "forgetting.updated",
    "forgetting.updated",
    "forgetting.done",
    "forgetting.updated",
    "forgetting.asked",
  ]);
});

test("of a device whose telemetry is forgotten no name of a series and no newest value stays", async () => {
  await using world = await startWorld({ windows });
  await report(world, "d1", world.clock.now(), 1);
  const left = async () => [
    await world.store.bytes(seriesListKey("d1")),
    await world.store.bytes(latestKey("d1")),
    (await world.call(listMetrics, { device: "d1" })).metrics.length,
  ];

  await world.call(forgetHistory, { device: "d1" });
  await world.advance(MINUTE);
  const forgotten = await left();
  const telemetry = { baseMs: world.clock.now(), offsetMs: [0], series: [{ metric: "load", values: [5] }] };
  await world.report("d1", "telemetry", { telemetry });

  assert.deepEqual(forgotten, [undefined, undefined, 0]);
  assert.deepEqual(await kept(world, "d1", 0), [[5], 0]);
  assert.equal((await world.call(latestValues, { device: "d1" })).values[0]?.value, 5);
});

test("of a retired device the names of its series and its newest values go with the last of its samples", async () => {
  await using world = await startWorld({ retention: 6 * HOUR });
  for (const id of ["d1", "d2"]) await report(world, id, world.clock.now(), 1);
  const row = await world.store.get(device, "d1");
  assert.ok(row);
  await world.store.commit(moved(device, row, "retire"));

  await world.advance(4 * HOUR);
  const early = (await world.call(latestValues, { device: "d1" })).values.length;
  await world.advance(5 * HOUR);

  const left = async (id: string) => [
    (await world.store.bytes(seriesListKey(id))) !== undefined,
    (await world.store.bytes(latestKey(id))) !== undefined,
    (await world.store.get(summaries, id)) !== undefined,
  ];
  assert.equal(early, 1);
  assert.deepEqual(
    [await left("d1"), await left("d2")],
    [
      [false, false, false],
      [true, true, true],
    ],
  );
});
