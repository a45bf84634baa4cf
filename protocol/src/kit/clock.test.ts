import assert from "node:assert/strict";
import { test } from "node:test";
import { DAY, HOUR, MINUTE, SECOND, systemClock, type Clock } from "./clock.ts";
import { drain, ManualClock } from "./simulated/index.ts";

interface Bench {
  readonly clock: Clock;
  /** Lets at least that much time go by. */
  readonly pass: (ms: number) => Promise<void>;
}
const benches: Readonly<Record<string, () => Bench>> = {
  "the system's clock": () => ({ clock: systemClock, pass: (ms) => systemClock.sleep(ms) }),
  "the manual clock": () => {
    const clock = new ManualClock();
    return { clock, pass: (ms) => clock.advance(ms) };
  },
};

for (const [name, bench] of Object.entries(benches)) {
  test(`${name} tells an instant of this century in milliseconds`, () => {
    const now = bench().clock.now();

    assert.ok(now > Date.UTC(2025, 0, 1) && now < Date.UTC(2100, 0, 1));
  });

  test(`${name} counts on monotonically`, async () => {
    const { clock, pass } = bench();
    const before = clock.monotonic();

    await pass(5);

    assert.ok(clock.monotonic() > before);
  });

  test(`a sleeper on ${name} is woken`, async () => {
    const { clock, pass } = bench();
    const woken = clock.sleep(1);

    await pass(2);

    await assert.doesNotReject(woken);
  });

  test(`a sleep on ${name} is over at once when its signal is aborted, and throws nothing`, async () => {
    const { clock } = bench();
    const stop = new AbortController();
    const woken = clock.sleep(DAY, stop.signal);

    stop.abort();

    assert.equal(await woken, undefined);
  });

  test(`a sleep on ${name} with a signal that was aborted before does not begin`, async () => {
    assert.equal(await bench().clock.sleep(DAY, AbortSignal.abort()), undefined);
  });

  test(`a sleep on ${name} of no time or less is over`, async () => {
    const { clock, pass } = bench();
    const woken = Promise.all([clock.sleep(0), clock.sleep(-5)]);

    await pass(1);

    await assert.doesNotReject(woken);
  });
}

test("a sleep on the system's clock that is longer than a timer of Node does not end at once", async () => {
  const stop = new AbortController();
  let isOver = false;
  const woken = systemClock.sleep(2 ** 31 + 1, stop.signal).then(() => (isOver = true));

  await systemClock.sleep(5);

  assert.equal(isOver, false);
  stop.abort();
  await woken;
});

test("the manual clock stands still until it is advanced", async () => {
  const clock = new ManualClock();
  const [wall, monotonic] = [clock.now(), clock.monotonic()];

  await drain();
  assert.deepEqual([clock.now(), clock.monotonic()], [wall, monotonic]);

  await clock.advance(MINUTE);
  assert.deepEqual([clock.now(), clock.monotonic()], [wall + MINUTE, monotonic + MINUTE]);
});

test("the manual clock wakes sleepers in the order in which they are due, equal ones in the order in which they lay down", async () => {
  const clock = new ManualClock();
  const woken: string[] = [];
  const sleepers = [
    clock.sleep(3 * SECOND).then(() => woken.push(`late ${clock.monotonic()}`)),
    clock.sleep(SECOND).then(() => woken.push(`first ${clock.monotonic()}`)),
    clock.sleep(SECOND).then(() => woken.push(`second ${clock.monotonic()}`)),
  ];

  await clock.advance(2 * SECOND);
  assert.deepEqual(woken, ["first 1000", "second 1000"]);

  await clock.advance(SECOND);
  assert.equal(woken.at(-1), "late 3000");
  await Promise.all(sleepers);
});

test("who lies down again while the manual clock advances is woken within the same advance", async () => {
  const clock = new ManualClock();
  const woken: number[] = [];
  const sleeper = (async () => {
    for (let turn = 0; turn < 3; turn++) {
      await clock.sleep(SECOND);
      woken.push(clock.monotonic());
    }
  })();

  await clock.advance(10 * SECOND);

  await sleeper;
  assert.deepEqual(woken, [1_000, 2_000, 3_000]);
  assert.equal(clock.nextDue, undefined);
});

test("the manual clock knows when the next sleeper is due", () => {
  const clock = new ManualClock();
  const stop = new AbortController();
  void clock.sleep(HOUR, stop.signal);
  void clock.sleep(MINUTE, stop.signal);

  assert.equal(clock.nextDue, MINUTE);
  stop.abort();
  assert.equal(clock.nextDue, undefined);
});

test("a step of the manual wall clock wakes nobody and leaves the monotonic clock as it was", async () => {
  const clock = new ManualClock();
  const stop = new AbortController();
  const wall = clock.now();
  void clock.sleep(MINUTE, stop.signal);

  clock.step(-HOUR);
  await drain();

  assert.deepEqual([clock.now(), clock.monotonic(), clock.nextDue], [wall - HOUR, 0, MINUTE]);
  stop.abort();
});
