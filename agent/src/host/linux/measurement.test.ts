import assert from "node:assert/strict";
import test from "node:test";
import { lookAt, readingsOf } from "./measurement.ts";
import type { Counter } from "./measurement.ts";

const aCounter = (counter: number, more: Partial<Counter> = {}): Counter => ({
  metric: "disk.reads_per_second",
  instance: "sda",
  counter,
  scale: 1,
  ...more,
});
const values = (before: readonly Counter[], now: readonly Counter[], ms: number) =>
  readingsOf(now, lookAt(0, before), ms).map((reading) => reading.value);

test("a counter is told as its growth per second", () => {
  assert.deepEqual(values([aCounter(100)], [aCounter(150)], 2_000), [25]);
});

test("a counter is told as its growth in units of another counter when it names one", () => {
  const before = aCounter(100, { per: 1_000, scale: 100 });
  const now = aCounter(150, { per: 1_200, scale: 100 });

  assert.deepEqual(values([before], [now], 2_000), [25]);
});

test("a counter that was reset, wrapped, or seen for the first time gives nothing", () => {
  assert.deepEqual(values([aCounter(100)], [aCounter(99)], 1_000), []);
  assert.deepEqual(values([aCounter(100, { instance: "sdb" })], [aCounter(100)], 1_000), []);
  assert.deepEqual(readingsOf([aCounter(100)], undefined, 1_000), []);
});

test("no time between two looks gives no rate", () => {
  assert.deepEqual(values([aCounter(100)], [aCounter(150)], 0), []);
});

test("a percentage that rounding carried over its most is cut", () => {
  assert.deepEqual(values([aCounter(0)], [aCounter(1_001, { scale: 0.1, most: 100 })], 1_000), [100]);
});

test("a column that this kernel does not have is left out, and what has no counter stays as it is", () => {
  const plain = { metric: "memory.total_bytes", instance: "", value: 7 };

  assert.deepEqual(readingsOf([aCounter(NaN), plain, { ...plain, value: NaN }], lookAt(0, [aCounter(1)]), 1_000), [
    plain,
  ]);
});

test("a rate is told to thousandths: further digits are the clock's, and cost what they say nothing for", () => {
  assert.deepEqual(values([aCounter(0)], [aCounter(1)], 3_000), [0.333]);
  assert.deepEqual(values([aCounter(0)], [aCounter(1_000_000)], 3_000), [333_333.333]);
});
