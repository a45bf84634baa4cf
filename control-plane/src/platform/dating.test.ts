import assert from "node:assert/strict";
import { test } from "node:test";
import { DAY, HOUR, SECOND } from "@edgemere/protocol/kit";
import fc from "fast-check";
import { dated, isPlausible, type Dated } from "./dating.ts";

const NOW = 1_800_000_000_000;
const exact = (at: number, offset = 0): Dated => ({ at, offset, isEstimated: false });
const guess = (at: number, offset: number): Dated => ({ at, offset, isEstimated: true });
const clocks = [{ clockPeriod: 2, offset: HOUR, uncertainty: 10 }];
/** A time of a clock that began to count in 1970. */
const since1970 = (atMs: number, clockPeriod = 1) => ({ atMs, clockPeriod });

for (const [title, time, expected] of [
  ["is corrected by what is known of its clock", { atMs: NOW - 2 * HOUR, clockPeriod: 2 }, exact(NOW - HOUR, HOUR)],
  ["stands as it is where nothing is known of the clock", { atMs: NOW - DAY, clockPeriod: 3 }, exact(NOW - DAY)],
  ["stands as it is where the device does not count its clocks", { atMs: NOW, clockPeriod: 0 }, exact(NOW)],
  ["may be a little ahead", { atMs: NOW + DAY, clockPeriod: 0 }, exact(NOW + DAY)],
  ["is guessed where it cannot be true", { atMs: NOW + 2 * DAY, clockPeriod: 0 }, guess(NOW, -2 * DAY)],
  ["is guessed where the clock began in 1970", since1970(5_000), guess(NOW, NOW - 5_000)],
  ["is no instant where even the corrected one cannot be true", { atMs: 5_000, clockPeriod: 2 }, undefined],
  ["is no instant too far ahead after correction", { atMs: NOW + DAY, clockPeriod: 2 }, undefined],
] as const) {
  test(`a device's time ${title}`, () => {
    assert.deepEqual(dated([time], { clocks, receivedAt: NOW }), [expected]);
  });
}

test("guessed times keep their distances, after what came before them and before what follows", () => {
  const times = [since1970(1_000), since1970(4_000), { atMs: NOW - HOUR, clockPeriod: 0 }, since1970(9_000, 5)];
  const before = { ...exact(NOW - DAY), clockPeriod: 0 };

  assert.deepEqual(
    dated(times, { clocks, receivedAt: NOW, before }).map((each) => each?.at),
    [NOW - DAY, NOW - DAY + 3_000, NOW - HOUR, NOW - HOUR],
  );
  assert.deepEqual(
    dated(times, { clocks, receivedAt: NOW }).map((each) => each?.at),
    [NOW - HOUR - 3_000, NOW - HOUR, NOW - HOUR, NOW - HOUR],
  );
});

test("a guess goes on over the batches of one period, and never into the future", () => {
  const before = { ...guess(NOW - HOUR, NOW - HOUR - 1_000), clockPeriod: 1 };

  const ats = (...times: readonly number[]) =>
    dated(
      times.map((each) => since1970(each)),
      { clocks, receivedAt: NOW, before },
    ).map((each) => each?.at);

  assert.deepEqual(ats(61_000, 62_000), [NOW - HOUR + 60 * SECOND, NOW - HOUR + 61 * SECOND]);
  assert.deepEqual(ats(61_000, 3 * HOUR), [NOW - 3 * HOUR + 61 * SECOND, NOW]);
});

test("whatever a device writes, what is dated can be true, and guesses never lie in the future", () => {
  const instants = fc.oneof(fc.integer({ min: 0, max: 1e9 }), fc.integer({ min: NOW - 10 * DAY, max: NOW + 10 * DAY }));
  const time = fc.record({ atMs: instants, clockPeriod: fc.integer({ min: 0, max: 3 }) });
  fc.assert(
    fc.property(fc.array(time, { maxLength: 12 }), (times) => {
      for (const each of dated(times, { clocks, receivedAt: NOW })) {
        if (each === undefined) continue;
        assert.ok(each.isEstimated || isPlausible(each.at, NOW));
        if (each.isEstimated) assert.ok(each.at <= NOW);
      }
    }),
  );
});
