import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { MINUTE } from "@edgemere/protocol/kit";
import { nextTurn, paceAt, rateAfter } from "./rollout-pace.ts";

for (const [rate, succeeded, expected] of [
  [{ perMinute: 5 }, 1_000, 5],
  [{ perMinute: 5, factor: 2, every: 10 }, 9, 5],
  [{ perMinute: 5, factor: 2, every: 10 }, 10, 10],
  [{ perMinute: 5, factor: 2, every: 10 }, 35, 40],
  [{ perMinute: 5, factor: 2, every: 10, most: 30 }, 35, 30],
] as const)
  test(`${JSON.stringify(rate)} lets ${expected} a minute begin when ${succeeded} have succeeded`, () => {
    assert.equal(rateAfter(rate, succeeded), expected);
  });

test("in no minute begin more than the rate says and what one minute saved up", () => {
  const perMinute = fc.double({ min: 0.1, max: 500, noNaN: true });
  fc.assert(
    fc.property(perMinute, fc.array(fc.nat(90_000), { maxLength: 60 }), (perMinute, pauses) => {
      const rate = { perMinute };
      let pace = { at: 0, allowance: 1 };
      const begun: number[] = [];
      let now = 0;
      for (const each of pauses) {
        now += each;
        pace = paceAt(rate, pace, { now, succeeded: 0 });
        const count = Math.floor(pace.allowance);
        for (let one = 0; one < count; one++) begun.push(now);
        pace = { ...pace, allowance: pace.allowance - count };
      }
      for (const from of begun) {
        const within = begun.filter((each) => each >= from && each < from + MINUTE).length;
        assert.ok(within <= 2 * Math.max(1, perMinute) + 1, `${within} in a minute of ${perMinute}`);
      }
    }),
  );
});

test("at its next turn one may begin, and not before", () => {
  const rate = { perMinute: 7 };
  const pace = { at: 1_000, allowance: 0.25 };
  const turn = nextTurn(rate, pace, 0);

  assert.ok(paceAt(rate, pace, { now: turn, succeeded: 0 }).allowance >= 1);
  assert.ok(paceAt(rate, pace, { now: turn - 2, succeeded: 0 }).allowance < 1);
  assert.equal(nextTurn(undefined, pace, 0), 1_000);
});
