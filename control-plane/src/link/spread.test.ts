import assert from "node:assert/strict";
import { test } from "node:test";
import { reconnectSpread } from "./spread.ts";

for (const [devices, ms] of [
  [0, 0],
  [50, 0],
  [51, 13],
  [200, 1_875],
  [1_000, 11_875],
  [10_000, 124_375],
] as const)
  test(`${devices} devices spread their return over ${ms} ms`, () => {
    assert.equal(reconnectSpread(devices), ms);
  });
