import assert from "node:assert/strict";
import { test } from "node:test";
import * as fc from "fast-check";
import { pauseBefore } from "./backoff.ts";
import { SECOND } from "./clock.ts";
import type { Random } from "./env.ts";
import { seededRandom } from "./simulated/index.ts";

const backoff = { first: SECOND, longest: 60 * SECOND };
const always = (value: number): Random => ({ next: () => value, bytes: (length) => new Uint8Array(length) });
const bounds = (attempts: readonly number[]) => attempts.map((attempt) => pauseBefore(attempt, backoff, always(1)));

test("the bound of a pause doubles with every try up to the longest", () => {
  assert.deepEqual(
    bounds([0, 1, 2, 3, 5, 6, 7]),
    [1, 2, 4, 8, 32, 60, 60].map((seconds) => seconds * SECOND),
  );
});

test("after a million tries the pause is still the longest and a number", () => {
  assert.deepEqual(bounds([31, 1_024, 1_000_000]), [60 * SECOND, 60 * SECOND, 60 * SECOND]);
});

test("a pause may be nothing at all: a fleet spreads over the whole of it", () => {
  assert.equal(pauseBefore(5, backoff, always(0)), 0);
});

test("whatever the try and the chance, a pause is a whole number from 0 to the longest", () => {
  fc.assert(
    fc.property(fc.nat(), fc.integer(), (attempt, seed) => {
      const pause = pauseBefore(attempt, backoff, seededRandom(seed));

      assert.ok(Number.isInteger(pause) && pause >= 0 && pause <= backoff.longest);
    }),
  );
});
