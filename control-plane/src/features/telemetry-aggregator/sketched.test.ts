import assert from "node:assert/strict";
import { test } from "node:test";
import { Sketch } from "@edgemere/protocol";
import { DAY, HOUR, MINUTE } from "@edgemere/protocol/kit";
import { rangeOf } from "../../platform/keys.ts";
import { startWorld, type World } from "./aggregator.test-support.ts";
import { createAggregatedDevice, findAggregatedDevice, forgetHistory, queryTelemetry } from "./contract.ts";

const sketchOf = (values: readonly number[]): Sketch => {
  const sketch = new Sketch();
  for (const value of values) sketch.add(value);
  return sketch;
};
const meanOf = (values: readonly number[]): number => values.reduce((sum, each) => sum + each, 0) / values.length;

/** A device that sums up by itself: one row for each group of values, a minute apart. */
const summedUp = (world: World, device: string, from: number, windows: readonly (readonly number[])[]) =>
  world.report(device, "telemetry", {
    telemetry: {
      baseMs: from,
      offsetMs: windows.map((_, row) => row * MINUTE),
      series: [{ metric: "load", values: windows.map(meanOf), sketches: windows.map(sketchOf) }],
    },
  });
/** One that sends every value. */
const sent = (world: World, device: string, from: number, values: readonly number[]) =>
  world.report(device, "telemetry", {
    telemetry: {
      baseMs: from,
      offsetMs: values.map((_, row) => row * 100),
      series: [{ metric: "load", values: [...values] }],
    },
  });

const nearly = (value: number | null | undefined, exact: number) =>
  assert.ok(Math.abs((value ?? NaN) - exact) <= 0.01 * exact, `${String(value)} for ${exact}`);
async function sketchesIn({ store }: World): Promise<number> {
  let found = 0;
  for await (const _ of store.bytesBetween(rangeOf("telemetrysketch"))) found += 1;
  return found;
}

test("percentiles of devices that sum up by themselves are those of what they measured, and not of their means", async () => {
  await using world = await startWorld();
  const since = Math.floor(world.clock.now() / HOUR) * HOUR;
  const [low, high] = [Array.from({ length: 100 }, (_, i) => i + 1), Array.from({ length: 50 }, (_, i) => 500 + i)];
  await world.advance(10 * MINUTE);
  await summedUp(world, "d1", since, [low, high]);
  await sent(world, "d2", since, high);

  const ask = (what: "p50" | "p99" | "max") =>
    world.call(queryTelemetry, { metric: ["load"], from: since, to: since + 2 * MINUTE, step: "1m", function: what });
  const [half, most, means] = [await ask("p50"), await ask("p99"), await ask("max")];

  // 1 to 100 and 500 to 549 of the first minute; 500 to 549 of the second.
  const first = [...low, ...high].toSorted((a, b) => a - b);
  nearly(half.series[0]?.value[0], first[Math.floor(0.5 * 149)] ?? 0);
  nearly(half.series[0]?.value[1], high[24] ?? 0);
  nearly(most.series[0]?.value[1], high[48] ?? 0);
  assert.equal(means.series[0]?.value[1], meanOf(high));
});

test("sketches stay with their samples when these are merged, and go when these are too old", async () => {
  await using world = await startWorld({ retention: DAY });
  const since = Math.floor(world.clock.now() / HOUR) * HOUR;
  await world.advance(10 * MINUTE);
  await summedUp(world, "d1", since, [[1, 2, 300]]);
  const largest = async () => {
    const range = { from: since, to: since + MINUTE, step: "1m" } as const;
    return (await world.call(queryTelemetry, { metric: ["load"], ...range, function: "p99" })).series[0]?.value[0];
  };
  const before = await largest();
  await world.advance(2 * HOUR);

  assert.equal(await largest(), before);
  assert.equal(await sketchesIn(world), 1);
  await world.advance(25 * HOUR);
  assert.equal(await sketchesIn(world), 0);
});

test("who wants a device's history forgotten has its sketches forgotten too", async () => {
  await using world = await startWorld();
  await world.advance(HOUR);
  for (const device of ["d1", "d2"]) await summedUp(world, device, world.clock.now() - MINUTE, [[1, 2, 300]]);

  await world.call(forgetHistory, { device: "d1" });
  await world.advance(MINUTE);

  assert.equal(await sketchesIn(world), 1);
});

test("what is told of an aggregated device every five minutes has the percentiles of what its devices measured", async () => {
  await using world = await startWorld({ windows: { every: MINUTE, keepMinutes: DAY, keepHours: DAY } });
  await world.call(createAggregatedDevice, { name: "all", selector: "name=gw-1", metrics: ["load"] });
  await world.advance(5 * MINUTE);
  const since = Math.floor(world.clock.now() / (5 * MINUTE)) * 5 * MINUTE;
  const values = Array.from({ length: 100 }, (_, i) => i + 1);
  await summedUp(world, "d1", since, [values]);
  await world.advance(10 * MINUTE);

  const { stats } = await world.call(findAggregatedDevice, { adevice: "all" });
  const [load] = stats?.metrics ?? [];
  nearly(load?.mean, 50.5);
  nearly(load?.p95, 95);
});
