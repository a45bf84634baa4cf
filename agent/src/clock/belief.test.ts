import assert from "node:assert/strict";
import { test } from "node:test";
import * as fc from "fast-check";
import { DAY, HOUR, MINUTE, SECOND } from "@edgemere/protocol/kit";
import { heard, LARGEST_CORRECTION, type Belief } from "./belief.ts";
import { better, measured } from "./estimate.ts";

const sample = (at: number, offset: number, uncertainty = 10) => ({ at, offset, uncertainty });
const nobody = { offsets: [], isFirst: true };
const onceHeard = { offsets: [], isFirst: false };

const after = (samples: readonly (readonly [at: number, offset: number])[], former?: Belief): Belief | undefined =>
  samples.reduce<Belief | undefined>((belief, [at, offset]) => heard(belief, sample(at, offset), onceHeard), former);

const settledBelief = heard(undefined, sample(0, 0), nobody);

test("the first answer ever is taken whole, and is firm after an hour", () => {
  const belief = heard(undefined, sample(5, 50 * 365 * DAY), nobody);

  assert.equal(belief.estimate.offset, 50 * 365 * DAY);
  assert.equal(belief.firmFrom, 5 + HOUR);
});

test("an answer that the device's own clock bears out is believed at once and firm", () => {
  const belief = heard(settledBelief, sample(9, DAY), { offsets: [DAY + MINUTE], isFirst: false });

  assert.deepEqual([belief.estimate.offset, belief.firmFrom, belief.doubt], [DAY, 9, undefined]);
});

test("a first answer of this run that contradicts the device's own clock is doubted, and that clock goes on counting", () => {
  const belief = heard(undefined, sample(9, 2 * DAY), { offsets: [MINUTE], isFirst: false });

  assert.deepEqual([belief.estimate.offset, belief.doubt?.offset], [MINUTE, 2 * DAY]);
});

test("one bad answer changes nothing, and the next good one ends the doubt", () => {
  const bad = after([[MINUTE, 2 * DAY]], settledBelief);
  assert.deepEqual([bad?.estimate.offset, bad?.doubt?.offset], [0, 2 * DAY]);

  const good = after([[2 * MINUTE, 1]], bad);
  assert.deepEqual([Math.abs(good?.estimate.offset ?? DAY) <= 1, good?.doubt], [true, undefined]);
});

test("a large correction is believed when every answer for an hour has said the same", () => {
  const wrong = Array.from({ length: 7 }, (_, i) => [(i + 1) * 10 * MINUTE, 2 * DAY + i] as const);
  assert.equal(after(wrong.slice(0, 6), settledBelief)?.estimate.offset, 0);

  assert.ok((after(wrong, settledBelief)?.estimate.offset ?? 0) >= 2 * DAY);
});

test("one answer in between that agrees with what was believed starts the hour anew", () => {
  const samples = [10, 20, 30, 40, 50].map((minutes) => [minutes * MINUTE, 2 * DAY] as const);

  const belief = after([...samples, [55 * MINUTE, 0], [65 * MINUTE, 2 * DAY], [75 * MINUTE, 2 * DAY]], settledBelief);

  assert.equal(belief?.estimate.offset, 0);
});

test("small steps within an hour do not add up to more than twice the largest correction", () => {
  fc.assert(
    fc.property(
      fc.array(fc.tuple(fc.nat(10 * MINUTE), fc.integer({ min: -DAY, max: DAY })), { maxLength: 40 }),
      (steps) => {
        let [belief, now, lastLeap]: [Belief, number, number] = [settledBelief, 0, -Infinity];
        const history: (readonly [at: number, offset: number])[] = [[0, 0]];
        for (const [pause, offset] of steps) {
          now += pause + 1;
          const before = belief;
          belief = heard(before, sample(now, offset), onceHeard);
          // A leap that was confirmed for an hour begins a new history.
          if (
            before.doubt &&
            !belief.doubt &&
            Math.abs(belief.estimate.offset - before.estimate.offset) > LARGEST_CORRECTION
          )
            lastLeap = now;
          history.push([now, belief.estimate.offset]);
        }
        for (const [at, offset] of history)
          for (const [later, changed] of history)
            if (at >= lastLeap && later > at && later - at < HOUR)
              assert.ok(Math.abs(changed - offset) <= 2 * (LARGEST_CORRECTION + 10), `${offset} to ${changed}`);
      },
    ),
  );
});

test("a question and its answer bound the other clock by half the time between them", () => {
  fc.assert(
    fc.property(fc.nat(5 * SECOND), fc.nat(5 * SECOND), fc.integer({ min: -DAY, max: DAY }), (out, back, offset) => {
      const serverMs = 1_000 + out + offset;

      const estimate = measured({ sentAt: 1_000, answeredAt: 1_000 + out + back, serverMs });

      assert.ok(Math.abs(estimate.offset - offset) <= estimate.uncertainty);
    }),
  );
});

test("an answer on a slow road does not replace a good one until the clocks have moved", () => {
  const good = sample(0, 0, 5);

  assert.equal(better(good, sample(MINUTE, 300, 400)), good);
  assert.notEqual(better(good, sample(MINUTE, 900, 400)), good);
  assert.notEqual(better(good, sample(2 * HOUR, 300, 400)), good);
});

test("a clock that runs ten percent too fast is followed within a second", () => {
  let estimate = sample(0, 0, 20);
  for (let at = 0; at < HOUR; at += 10 * SECOND) {
    const truth = -at / 11;
    estimate = better(estimate, sample(at, truth + (at % 3) * 5, 30));
    assert.ok(Math.abs(estimate.offset - truth) < SECOND);
  }
});
