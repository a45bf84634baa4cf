import assert from "node:assert/strict";
import { test } from "node:test";
import { DAY, HOUR, MINUTE } from "@edgemere/protocol/kit";
import { ManualClock } from "@edgemere/protocol/simulated";
import type { InputOf } from "../../platform/action.ts";
import { queryTelemetry } from "./contract.ts";
import { instant, startWorld, type World } from "./aggregator.test-support.ts";

const windows = { every: MINUTE, keepMinutes: 30 * DAY, keepHours: 730 * DAY };
const NOW = instant("2026-03-31T12:00:00Z");
const from = instant("2026-03-28T12:00:00Z");
const to = instant("2026-03-30T12:00:00Z");

/** Each half hour of five days around the night in which clocks were set forward in Europe a device said how many there were before. */
async function aWorld(isSummedUp: boolean): Promise<World> {
  const world = await startWorld({ clock: new ManualClock(NOW), ...(isSummedUp && { windows }) });
  for (let day = 0; day < 5; day++)
    await world.report("d1", "telemetry", {
      telemetry: {
        baseMs: instant("2026-03-26T00:00:00Z") + day * DAY,
        offsetMs: Array.from({ length: 48 }, (_, half) => half * 30 * MINUTE),
        series: [{ metric: "load", values: Array.from({ length: 48 }, (_, half) => 48 * day + half) }],
      },
    });
  await world.advance(2 * MINUTE);
  return world;
}
const query = (world: World, input: Partial<InputOf<typeof queryTelemetry>>) =>
  world.call(queryTelemetry, { metric: ["load"], from, to, ...input });

test("a day of a time zone has the samples that people there count to it, also when clocks are changed", async () => {
  await using world = await aWorld(true);

  const { at, step, source, series } = await query(world, { zone: "Europe/Berlin", function: "count" });

  assert.deepEqual([step, source], ["1d", "hours"]);
  assert.deepEqual(at, ["2026-03-27T23:00:00Z", "2026-03-28T23:00:00Z", "2026-03-29T22:00:00Z"].map(instant));
  assert.deepEqual(series[0]?.value, [48, 46, 48]);
});

for (const zone of ["Europe/Berlin", "Asia/Kolkata", "America/New_York"])
  test(`days of ${zone} say the same, made of windows or of samples, and so does what changed since the days before`, async () => {
    await using made = await aWorld(true);
    await using plain = await aWorld(false);

    for (const what of ["min", "max", "sum", "count", "last", "rate", "p50"] as const) {
      const input = { zone, function: what, changes: what === "sum", by: ["device"] };
      const [ours, theirs] = [await query(made, input), await query(plain, input)];
      assert.deepEqual([ours.series, ours.at, ours.to], [theirs.series, theirs.at, theirs.to], what);
      const expected = zone === "Asia/Kolkata" ? "minutes" : "hours";
      assert.equal(ours.source, what === "p50" ? "samples" : expected);
    }
  });

for (const [input, message] of [
  [{ zone: "Mars/Olympus" }, /there is no time zone "Mars\/Olympus"/],
  [{ zone: "Europe/Berlin", step: "1h" as const }, /"zone" does not go with the step 1h/],
  [{ zone: "Europe/Berlin", from: -8.64e15, to: -8.64e15 + HOUR }, /must be an instant/],
  [{ zone: "Europe/Berlin", from: 0, to: 20_000 * DAY }, /the range has 20000 windows of 1d/],
] as const)
  test(`a query with ${JSON.stringify(input)} is refused`, async () => {
    await using world = await startWorld();

    await assert.rejects(query(world, input), message);
  });
