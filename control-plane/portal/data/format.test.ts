import assert from "node:assert/strict";
import { test } from "node:test";
import { bytes, counted, duration, relativeTime } from "./format.ts";

const SECOND = 1_000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;

test("how long ago is told in one piece, in the largest unit that fits", () => {
  const now = Date.UTC(2030, 0, 15);
  const cases = [
    [0, "just now"],
    [5 * SECOND, "just now"],
    [-30 * SECOND, "30s\u00a0ago"],
    [-100 * MINUTE, "2h\u00a0ago"],
    [-24 * HOUR, "yesterday"],
    [3 * HOUR, "in\u00a03h"],
  ] as const;

  for (const [distance, words] of cases) assert.equal(relativeTime(now + distance, now), words);
});

test("a duration has at most two units and never sixty of one", () => {
  const cases = [
    [19, "19 ms"],
    [5 * SECOND, "5 s"],
    [59 * MINUTE + 59.9 * SECOND, "60 min"],
    [65 * MINUTE, "1 h 5 min"],
    [24 * HOUR, "1 d"],
    [49 * HOUR, "2 d 1 h"],
  ] as const;

  for (const [milliseconds, words] of cases) assert.equal(duration(milliseconds), words);
});

test("bytes are counted in powers of 1,024, also none and less than none", () => {
  const cases = [
    [0, "0 B"],
    [1_023, "B"],
    [1_024, "1 KiB"],
    [2 ** 40, "1 TiB"],
    [-(2 ** 20), "1 MiB"],
    [0.25, "B"],
  ] as const;

  for (const [count, ending] of cases) assert.ok(bytes(count).endsWith(ending), `${count}: ${bytes(count)}`);
});

test("one is one and all others are many", () => {
  assert.deepEqual(
    [0, 1, 2].map((count) => counted(count, "device")),
    ["0 devices", "1 device", "2 devices"],
  );
  assert.deepEqual(
    [counted(3, "policy"), counted(1, "policy"), counted(3, "day")],
    ["3 policies", "1 policy", "3 days"],
  );
});
