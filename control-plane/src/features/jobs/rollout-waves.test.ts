import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { assignWaves, inTurn, wavesOf, type Picked } from "./rollout-waves.ts";

const someFleet: fc.Arbitrary<readonly Picked[]> = fc
  .array(fc.tuple(fc.constantFrom("a", "b", "c"), fc.string({ minLength: 4, maxLength: 4 })), { maxLength: 200 })
  .map((drawn) =>
    drawn.map(([stratum, draw], place) => ({
      device: `d${place}`,
      stratum,
      draw,
      matches: place % 7 === 0 ? [0] : [],
    })),
  );

test("a count takes so many, a share that share rounded up, a selector those that match, and the last the rest", () => {
  fc.assert(
    fc.property(someFleet, (fleet) => {
      const assigned = assignWaves(
        fleet,
        wavesOf({ waves: [{ selector: "ring=canary" }, { count: 5 }, { percent: 20 }] }),
      );
      const sizes = [0, 1, 2, 3].map((wave) => assigned.filter((each) => each === wave).length);
      const first = fleet.filter(({ matches }) => matches.length > 0).length;
      const second = Math.min(5, fleet.length - first);
      const third = Math.min(Math.ceil(fleet.length / 5), fleet.length - first - second);
      assert.deepEqual(sizes, [first, second, third, fleet.length - first - second - third]);
    }),
  );
});

test("every beginning of the turn has of each stratum its share, give or take a few", () => {
  fc.assert(
    fc.property(someFleet, fc.nat(200), (fleet, size) => {
      const beginning = inTurn(fleet).slice(0, size);
      for (const stratum of ["a", "b", "c"]) {
        const whole = fleet.filter((each) => each.stratum === stratum).length;
        const part = beginning.filter((each) => each.stratum === stratum).length;
        const share = fleet.length === 0 ? 0 : (whole * beginning.length) / fleet.length;
        assert.ok(Math.abs(part - share) <= 2, `${part} of ${stratum}, ${share} is its share`);
      }
    }),
  );
});

test("the same devices come in the same waves, in whatever order they are found", () => {
  fc.assert(
    fc.property(someFleet, (fleet) => {
      const waves = [{ percent: 10 }, { percent: 30 }, {}];
      const there = new Map(fleet.map(({ device }, place) => [device, assignWaves(fleet, waves)[place]]));
      const back = fleet.toReversed();
      const again = assignWaves(back, waves);
      for (const [place, { device }] of back.entries()) assert.equal(again[place], there.get(device));
    }),
    {
      numRuns: 20,
      // Two strata whose first devices drew the same: only their names tell them apart.
      examples: [
        [
          [
            { device: "d0", stratum: "a", draw: "same", matches: [] },
            { device: "d1", stratum: "b", draw: "same", matches: [] },
          ],
        ],
      ],
    },
  );
});
