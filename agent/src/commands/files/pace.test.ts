import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { HOUR, MINUTE, SECOND } from "@edgemere/protocol/kit";
import { ManualClock } from "@edgemere/protocol/simulated";
import { minuteOf, Pace, rateAt } from "./pace.ts";

/** Half past midnight UTC of 25 October 2026, when clocks in Berlin went back an hour half an hour later. */
const BEFORE = 1_792_888_200_000;

const windows = [
  { from: 6 * 60, to: 20 * 60, bytesPerSecond: 1_000 },
  { from: 22 * 60, to: 60, bytesPerSecond: 50 },
  { from: 0, to: 30, bytesPerSecond: 20 },
];

for (const [minute, rate] of [
  [6 * 60 - 1, undefined],
  [6 * 60, 1_000],
  [20 * 60 - 1, 1_000],
  [20 * 60, undefined],
  [22 * 60, 50],
  [0, 20],
  [30, 50],
  [60, undefined],
] as const)
  test(`at minute ${minute} of the day files may take ${rate ?? "as many"} bytes a second${rate === undefined ? " as they can" : ""}`, () => {
    assert.equal(rateAt({ windows }, minute), rate);
  });

test("the time of day is that of the site, on both sides of a change of the clocks", () => {
  const minutes = [BEFORE, BEFORE + HOUR].map((at) => minuteOf(at, "Europe/Berlin"));

  assert.deepEqual(minutes, [150, 150]);
  assert.equal(minuteOf(BEFORE, "UTC"), 30);
});

test("whatever is asked for, no more goes than the pace allows, but for one piece ahead", async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.integer({ min: 1_024, max: 100_000 }),
      fc.array(fc.integer({ min: 1, max: 50_000 }), { minLength: 1, maxLength: 20 }),
      async (bytesPerSecond, pieces) => {
        const clock = new ManualClock();
        const pace = new Pace({ windows: [{ from: 0, to: 0, bytesPerSecond }] }, clock, () => clock.now());
        const gone: (readonly [at: number, bytes: number])[] = [];
        const all = Promise.all(
          pieces.map(async (bytes) => {
            await pace.take(bytes, new AbortController().signal);
            gone.push([clock.monotonic(), bytes]);
          }),
        );
        await clock.advance((pieces.reduce((sum, each) => sum + each, 0) / bytesPerSecond) * SECOND + MINUTE);
        await all;

        let before = 0;
        for (const [at, bytes] of gone) {
          assert.ok(before <= (at / SECOND) * bytesPerSecond + 1e-6, `${before} bytes after ${at} ms`);
          before += bytes;
        }
        assert.equal(gone.length, pieces.length);
      },
    ),
  );
});

test("a piece takes about a second at a slow pace, and is as large as one may be without any", () => {
  const clock = new ManualClock();
  const at = (bytesPerSecond: number) => new Pace({ windows: [{ from: 0, to: 0, bytesPerSecond }] }, clock, () => 0);

  assert.equal(at(10_000).pieceBytes(), 10_000);
  assert.equal(at(1_024).pieceBytes(), 4_096);
  assert.equal(at(1_024).pieceBytes(65_536), 65_536);
  assert.equal(at(10 ** 9).pieceBytes(), 524_288);
  assert.equal(new Pace({ windows: [] }, clock, () => 0).pieceBytes(), 524_288);
});
