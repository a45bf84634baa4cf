import assert from "node:assert/strict";
import { test } from "node:test";
import { inColumns, pack } from "@edgemere/protocol";
import { DAY, HOUR, MINUTE, SECOND } from "@edgemere/protocol/kit";
import { listDoubtful, readHistory } from "./contract.ts";
import { startWorld, type World } from "./aggregator.test-support.ts";

interface Said {
  readonly baseMs: number;
  readonly clockPeriod?: number;
  readonly values?: readonly number[];
  readonly gap?: object;
}
/** Records of a device numbered from `first`, with what it knows of its clock: that of period 2 is an hour slow. */
const said = (first: number, ...records: readonly Said[]) =>
  pack(
    "telemetry",
    { device: "d1" },
    {
      ...inColumns(
        records.map(({ baseMs, clockPeriod = 0, values = [1], gap }, i) => ({
          sequence: first + i,
          atMs: baseMs,
          clockPeriod,
          ...(gap
            ? { gap: { upTo: first + i, records: 1, reason: "spool-full", ...gap } }
            : {
                telemetry: {
                  baseMs,
                  offsetMs: values.map((_, row) => row * SECOND),
                  series: [{ metric: "load", values: [...values] }],
                },
              }),
        })),
      ),
      firstUnacknowledged: 1,
      sessionEpoch: 1,
      clocks: [{ clockPeriod: 2, offsetMs: HOUR, uncertaintyMs: 10 }],
    },
  );
const history = (world: World, from: number, to: number) => world.call(readHistory, { device: "d1", from, to });

test("samples are stored and shown at the corrected instants", async () => {
  await using world = await startWorld();
  const now = world.clock.now();

  await world.arrived("d1", said(1, { baseMs: now - 2 * HOUR, clockPeriod: 2, values: [1, 2] }));

  const { series, estimated } = await history(world, now - 3 * HOUR, now);
  assert.deepEqual(series[0]?.at, [now - HOUR, now - HOUR + SECOND]);
  assert.deepEqual(estimated, []);
});

test("samples of a device that did not know the time are dated by a guess, and said to be", async () => {
  await using world = await startWorld();
  const now = world.clock.now();

  await world.arrived("d1", said(1, { baseMs: now - HOUR }));
  await world.arrived("d1", said(2, { baseMs: 5_000, clockPeriod: 7 }, { baseMs: 65_000, clockPeriod: 7 }));
  await world.arrived("d1", said(4, { baseMs: 125_000, clockPeriod: 7 }));

  const { series, estimated } = await history(world, now - 2 * HOUR, now);
  assert.deepEqual(
    series[0]?.at,
    [0, 0, 1, 2].map((minutes) => now - HOUR + minutes * MINUTE),
  );
  assert.deepEqual(
    estimated.map(({ from }) => from),
    [0, 1, 2].map((minutes) => now - HOUR + minutes * MINUTE),
  );
});

test("samples whose corrected time cannot be true are set aside: kept, listed, and in no chart", async () => {
  await using world = await startWorld();
  const now = world.clock.now();

  await world.arrived("d1", said(1, { baseMs: 5_000, clockPeriod: 2, values: [9] }, { baseMs: now, values: [1] }));
  await world.arrived("d1", said(3, { baseMs: now + DAY - HOUR, clockPeriod: 2, values: [9, 9] }));

  const { series } = await history(world, 0, now + 3 * DAY);
  const { items } = await world.call(listDoubtful, { device: "d1" });
  assert.deepEqual(series[0]?.value, [1]);
  assert.deepEqual(items, [
    { ...items[0], sequence: 3, deviceAt: now + DAY - HOUR, offset: HOUR, rows: 2, receivedAt: now },
    { ...items[1], sequence: 1, deviceAt: 5_000, offset: HOUR, rows: 1, receivedAt: now },
  ]);
  await world.advance(8 * DAY);
  assert.deepEqual((await world.call(listDoubtful, { device: "d1" })).items, []);
});

test("a gap lies between corrected instants too, and where one cannot be true the other stands for it", async () => {
  await using world = await startWorld();
  const now = world.clock.now();
  const gap = { fromMs: now - 3 * HOUR, toMs: now - 2 * HOUR };

  await world.arrived(
    "d1",
    said(
      1,
      { baseMs: now, clockPeriod: 2, gap },
      { baseMs: now, gap: { fromMs: 0, toMs: now - MINUTE } },
      { baseMs: now, clockPeriod: 9, gap: { fromMs: 0, toMs: 5 } },
    ),
  );

  const { gaps } = await history(world, now - DAY, now);
  assert.deepEqual(
    gaps.filter(({ reason }) => reason !== "silence").map(({ from, to }) => [from, to]),
    [
      [now - 2 * HOUR, now - HOUR],
      [now - MINUTE, now - MINUTE],
      [now, now],
    ],
  );
});

test("a time in which the device was away is silence, and not before it enrolled nor in the future", async () => {
  await using world = await startWorld();
  const enrolledAt = world.clock.now();
  await world.advance(10 * MINUTE);
  const start = world.clock.now();
  await world.arrived("d1", said(1, { baseMs: start, values: Array.from({ length: 60 }, () => 1) }));
  await world.advance(HOUR);
  const back = world.clock.now();
  await world.arrived("d1", said(2, { baseMs: back, values: [1, 1] }));

  const { gaps } = await history(world, enrolledAt - DAY, back + DAY);

  assert.deepEqual(gaps, [
    { from: enrolledAt, to: start, records: 0, reason: "silence" },
    { from: start + 59 * SECOND, to: back, records: 0, reason: "silence" },
  ]);
});
