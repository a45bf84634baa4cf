import assert from "node:assert/strict";
import { test } from "node:test";
import { DAY, HOUR, MINUTE, SECOND, silentLog } from "@edgemere/protocol/kit";
import { ManualClock, seededRandom, SimulatedDisk } from "@edgemere/protocol/simulated";
import { LEAST_TIME } from "../version.ts";
import { DeviceClock } from "./device-clock.ts";

const NOW = LEAST_TIME + 100 * DAY;

/** A device whose host shows `wall`; the true time goes on with its monotonic clock. */
async function aDevice(over: { wall?: number; truth?: number; disk?: SimulatedDisk } = {}) {
  const { disk = new SimulatedDisk(), wall = NOW, truth = NOW } = over;
  const manual = new ManualClock(wall);
  let suspended = 0;
  const env = { clock: manual, random: seededRandom(1), disk, log: silentLog };
  const clock = await DeviceClock.open({ env, uptime: () => manual.monotonic() + suspended });
  const told: string[] = [];
  clock.onDisagreement = (detail) => told.push(detail);
  const truthNow = () => truth + manual.monotonic() + suspended;
  return {
    clock,
    manual,
    disk,
    told,
    truthNow,
    suspend: (ms: number) => {
      suspended += ms;
      manual.step(ms);
    },
    /** An answer that took no time, from a control plane whose clock is off by so much. */
    hear: (off = 0, isSigned = true) =>
      clock.hear({ serverMs: Math.round(truthNow()) + off, askedAt: manual.monotonic(), isSigned }),
  };
}
const offsetOf = (clock: DeviceClock, period: number) => clock.offsets(new Set([period]))[0]?.offsetMs;

test("a period begins with each start and each step of the wall clock, and its number is never used again", async () => {
  const disk = new SimulatedDisk();
  const numbers: number[] = [];
  for (let start = 0; start < 5; start++) {
    const { clock, manual } = await aDevice({ disk });
    numbers.push(clock.period);
    await manual.advance(MINUTE);
    numbers.push(clock.period);
    manual.step(-2 * SECOND);
    numbers.push(clock.period);
    if (start % 2 === 0) await clock.close();
  }

  assert.equal(numbers.length, 15);
  assert.equal(new Set(numbers).size, 10);
  assert.ok(numbers.every((number, index) => number > 0 && number >= (numbers[index - 1] ?? 0)));
});

test("a clock that is slewed, and a host that was suspended, begin no period", async () => {
  const { clock, manual, suspend } = await aDevice();
  const { period } = clock;
  for (let i = 0; i < 100; i++) {
    await manual.advance(SECOND);
    manual.step(5);
    assert.equal(clock.period, period);
  }
  suspend(HOUR);

  assert.equal(clock.period, period);
});

test("the true time goes on while the host is suspended, and steps of the wall clock do not move it", async () => {
  const { clock, manual, suspend, hear, truthNow } = await aDevice({ wall: NOW - DAY });
  hear();
  suspend(3 * HOUR);
  assert.ok(Math.abs(clock.correctedNow() - truthNow()) <= 1);

  manual.step(-10 * 365 * DAY);
  await manual.advance(MINUTE);
  manual.step(20 * 365 * DAY);
  assert.ok(Math.abs(clock.correctedNow() - truthNow()) <= 1);
});

test("records made in 1970 are dated when the control plane is heard, and after the clock was set too", async () => {
  const { clock, manual, hear } = await aDevice({ wall: 5_000 });
  const first = clock.period;
  await manual.advance(MINUTE);
  manual.step(NOW - 5_000 - HOUR);
  const second = clock.period;
  assert.deepEqual([offsetOf(clock, first), offsetOf(clock, second)], [undefined, undefined]);

  await manual.advance(MINUTE);
  hear();

  assert.ok(Math.abs((offsetOf(clock, first) ?? 0) - (NOW - 5_000)) <= 1);
  assert.ok(Math.abs((offsetOf(clock, second) ?? 0) - HOUR) <= 1);
});

test("the offset of an earlier run's period is known to the next", async () => {
  const first = await aDevice({ wall: NOW - HOUR });
  first.hear();
  await first.manual.advance(SECOND);
  const second = await aDevice({ wall: NOW - HOUR + MINUTE, disk: first.disk });

  assert.ok(Math.abs((offsetOf(second.clock, first.clock.period) ?? 0) - HOUR) <= 1);
  assert.equal(offsetOf(second.clock, second.clock.period), undefined);
  assert.ok(Math.abs(second.clock.correctedNow() - NOW - MINUTE) <= 1);
});

test("a host that starts in 1970 takes the time that was last known to be past, and goes on from there", async () => {
  const { clock, manual } = await aDevice({ wall: 0 });
  await manual.advance(MINUTE);

  assert.equal(clock.correctedNow(), LEAST_TIME + MINUTE);
  const { isSystemClockUsable, latest } = clock.trustedTime();
  assert.deepEqual([isSystemClockUsable, latest], [false, Infinity]);
});

test("no time before one that the control plane signed is believed again, after a restart neither", async () => {
  const { clock, manual, hear, disk } = await aDevice();
  hear();
  await manual.advance(2 * HOUR);
  hear();
  await clock.close();
  const again = await aDevice({ disk, wall: 0, truth: NOW - 30 * DAY });
  assert.ok(again.clock.correctedNow() >= NOW + 2 * HOUR - 1);

  again.hear();
  assert.ok(again.clock.correctedNow() >= NOW + 2 * HOUR - 1);
});

test("a control plane that is two days ahead expires nothing, and is told about once", async () => {
  const { clock, manual, hear, told, truthNow } = await aDevice();
  hear();
  for (let i = 0; i < 5; i++) {
    await manual.advance(10 * MINUTE);
    hear(2 * DAY);
    assert.ok(Math.abs(clock.correctedNow() - truthNow()) <= 1);
  }
  assert.deepEqual(clock.conditions(), ["clock-disagrees"]);
  assert.equal(told.length, 1);
  assert.match(told[0] ?? "", /172800 s ahead/);

  hear();
  assert.deepEqual(clock.conditions(), []);
});

test("a control plane whose first answer ever was days ahead does not keep the device there", async () => {
  const { clock, manual, hear, truthNow } = await aDevice();
  hear(2 * DAY);
  assert.ok(clock.correctedNow() - truthNow() > DAY);
  await manual.advance(MINUTE);

  hear();

  assert.ok(Math.abs(clock.correctedNow() - truthNow()) <= 1);
});

test("on a full disk a device starts and does not count, and counts when there is room", async () => {
  const disk = new SimulatedDisk(1);
  const { clock, manual } = await aDevice({ disk });
  assert.equal(clock.period, 0);

  Object.defineProperty(disk, "write", { value: async () => {} });
  await manual.advance(2 * MINUTE);
  assert.equal(clock.period, 0);
  await manual.advance(SECOND);

  assert.ok(clock.period > 0);
});

test("a damaged file of the clock is no reason not to start", async () => {
  const disk = new SimulatedDisk();
  for (const text of ["", "{", '{"usedUpTo":-1}', '{"usedUpTo":1,"floorMs":2,"periods":7}']) {
    await disk.write("clock", Buffer.from(text));
    const { clock } = await aDevice({ disk });
    assert.ok(clock.period > 0);
  }
});

test("thousands of steps of the clock take no more room than a few", async () => {
  const { clock, manual, hear, disk } = await aDevice();
  hear();
  for (let i = 0; i < 2_000; i++) {
    manual.step(i % 2 === 0 ? HOUR : -HOUR);
    await Promise.resolve();
    assert.ok(clock.period >= 0);
  }
  await manual.advance(HOUR);
  await clock.close();

  assert.ok(((await disk.read("clock"))?.length ?? 0) < 10_000);
  assert.ok(clock.offsets(new Set(Array.from({ length: 5_000 }, (_, i) => clock.period - i))).length <= 64);
});
