import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { LinkQuality } from "./link-quality.ts";

const after = (latencies: readonly (number | undefined)[]) => {
  const quality = new LinkQuality();
  for (const latency of latencies) quality.take(latency);
  return quality;
};

test("jitter is that of RFC 3550: each difference of successive latencies counts a sixteenth", () => {
  const table = [
    [[], undefined],
    [[10], undefined],
    [[10, 26], 1],
    [[10, 26, 26], 15 / 16],
    [[10, undefined, 26], 1],
  ] as const;

  for (const [latencies, jitter] of table) assert.equal(after(latencies).jitter, jitter, JSON.stringify(latencies));
});

test("loss is the share of the last twenty attempts", () => {
  const lost = (count: number) => Array.from({ length: count }, () => undefined);
  const answered = (count: number) => Array.from({ length: count }, () => 1);

  assert.equal(after([]).lostPercent, NaN);
  assert.equal(after([1, undefined]).lostPercent, 50);
  assert.equal(after([...lost(5), ...answered(15)]).lostPercent, 25);
  assert.equal(after([...lost(100), ...answered(20)]).lostPercent, 0);
});

test("jitter is never more than the largest difference there was", () => {
  fc.assert(
    fc.property(fc.array(fc.double({ min: 0, max: 1e4, noNaN: true }), { minLength: 2 }), (latencies) => {
      const { jitter = NaN } = after(latencies);
      const largest = Math.max(...latencies.slice(1).map((each, i) => Math.abs(each - (latencies[i] ?? NaN))));
      assert.ok(jitter >= 0 && jitter <= largest);
    }),
  );
});
