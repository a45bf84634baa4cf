import assert from "node:assert/strict";
import { test } from "node:test";
import { HOUR, MINUTE, SECOND } from "@edgemere/protocol/kit";
import type { RecordBody } from "@edgemere/protocol";
import type { OutputOf } from "../../platform/action.ts";
import type { readHistory } from "./contract.ts";
import { startWorld, type World } from "./aggregator.test-support.ts";

const HOLD = MINUTE;
const EVERY = 10 * SECOND;

/** Rows of ten seconds. A load in each of them; of temperature what was sent, undefined where it had not moved. */
const rows = (baseMs: number, temperature: readonly (number | undefined)[], holdMs = HOLD): RecordBody => ({
  telemetry: {
    baseMs,
    offsetMs: temperature.map((_, row) => row * EVERY),
    series: [
      { metric: "load", instance: "", values: temperature.map(() => 1) },
      { metric: "temperature", instance: "", holdMs, values: temperature.map((value) => value ?? NaN) },
    ],
  },
});

const temperatureOf = async (world: World, from: number, to: number) => {
  const asked = { device: "gw-1", metric: ["temperature"], from, to };
  const { series } = (await world.ask("cpl/ta/history", asked)) as OutputOf<typeof readHistory>;
  return series[0] === undefined ? [] : series[0].at.map((at, i) => [at - from, series[0]?.value[i]]);
};

test("a value under a dead-band stands in later rows, also of other reports, for as long as the device promised and no longer", async () => {
  await using world = await startWorld();
  const now = world.clock.now();
  const [absent, later] = [Array<undefined>(6).fill(undefined), now + 6 * EVERY];
  await world.report("d1", "telemetry", rows(now, [40, ...absent.slice(1)]), rows(later, absent));

  const found = await temperatureOf(world, now, now + 5 * MINUTE);

  assert.deepEqual(
    found,
    [0, 1, 2, 3, 4, 5, 6].map((row) => [row * EVERY, 40]),
  );
});

test("without a promise a row without a value says nothing", async () => {
  await using world = await startWorld();
  const now = world.clock.now();
  await world.report("d1", "telemetry", rows(now, [40, undefined, undefined, 41], 0));

  assert.deepEqual(await temperatureOf(world, now, now + MINUTE), [
    [0, 40],
    [3 * EVERY, 41],
  ]);
});

test("where there is no row nothing stands: a device that was silent did not look", async () => {
  await using world = await startWorld();
  const now = world.clock.now();
  await world.report("d1", "telemetry", rows(now, [40, undefined]), rows(now + 5 * EVERY, [undefined, 41]));

  assert.deepEqual(await temperatureOf(world, now, now + MINUTE), [
    [0, 40],
    [EVERY, 40],
    [5 * EVERY, 40],
    [6 * EVERY, 41],
  ]);
});

test("a value that was sent before the range stands in it", async () => {
  await using world = await startWorld();
  const now = world.clock.now();
  await world.report("d1", "telemetry", rows(now, [40, undefined, undefined]), rows(now + 3 * EVERY, [undefined]));

  assert.deepEqual(await temperatureOf(world, now + 3 * EVERY, now + MINUTE), [[0, 40]]);
});

test("reports that were merged say the same", async () => {
  await using world = await startWorld();
  const now = world.clock.now();
  const absent = Array<undefined>(11).fill(undefined);
  await world.report("d1", "telemetry", rows(now, [40, ...absent], 5 * MINUTE));
  const before = await temperatureOf(world, now, now + 5 * MINUTE);

  await world.advance(3 * HOUR);

  assert.equal(before.length, 12);
  assert.deepEqual(await temperatureOf(world, now, now + 5 * MINUTE), before);
});
