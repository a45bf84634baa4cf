import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { Groups, type Group } from "./groups.ts";
import type { Given } from "./tally.ts";

const shares = [0, 0.25, 0.5, 0.95, 1];

/** All that can be asked of a group. */
const seen = ({ name, members, tallies }: Group) => ({
  name,
  members: [...members].toSorted(),
  tallies: tallies.map((tally) => ({
    known: tally.known,
    missed: tally.missed,
    sum: Number(tally.sum.toPrecision(9)),
    at: shares.map((each) => tally.at(each)),
  })),
});
const all = (groups: Groups) => [...groups.all].map(seen).toSorted((one, other) => (one.name < other.name ? -1 : 1));

const given: fc.Arbitrary<Given> = fc.oneof(
  fc.record({ value: fc.integer({ min: -1_000, max: 1_000 }).map((each) => each / 8), isMissed: fc.constant(false) }),
  fc.record({ value: fc.constant(undefined), isMissed: fc.boolean() }),
);
const change = fc.record({
  id: fc.constantFrom("a", "b", "c", "d", "e", "f"),
  group: fc.constantFrom("x", "y", undefined),
  given: fc.tuple(given, given),
});

test("in whatever order devices change, come and go, groups are what they would be if they were counted anew", () => {
  fc.assert(
    fc.property(fc.array(change, { maxLength: 60 }), (changes) => {
      const kept = new Groups([true, false]);
      const last = new Map<string, (typeof changes)[number]>();
      for (const each of changes) {
        const { id, group } = each;
        kept.put(id, group === undefined ? undefined : { group, given: each.given, newestAt: 0 });
        last.set(id, each);
        const anew = new Groups([true, false]);
        for (const { id: other, group: of, given: its } of last.values())
          if (of !== undefined) anew.put(other, { group: of, given: its, newestAt: 0 });
        assert.deepEqual(all(kept), all(anew));
      }
    }),
  );
});

test("only groups that are others now are told, and a group without a device is none", () => {
  const groups = new Groups([false]);
  const one = [{ value: 1, isMissed: false }];
  const two = [{ value: 2, isMissed: false }];

  assert.deepEqual(groups.put("a", { group: "x", given: one, newestAt: 5 }), ["x"]);
  assert.deepEqual(groups.put("a", { group: "x", given: one, newestAt: 9 }), []);
  assert.equal(groups.find("x")?.newestAt, 9);
  assert.deepEqual(groups.put("a", { group: "x", given: two, newestAt: 9 }), ["x"]);
  assert.deepEqual(groups.put("a", { group: "y", given: two, newestAt: 9 }), ["x", "y"]);
  assert.deepEqual([groups.find("x"), groups.find("y")?.members.size], [undefined, 1]);
  assert.deepEqual([groups.put("a"), groups.put("a"), [...groups.all]], [["y"], [], []]);
});

test("a value beyond all bounds that came and went leaves the sum of the others as it is", () => {
  const groups = new Groups([false]);
  for (const id of ["a", "b", "c"])
    groups.put(id, { group: "x", given: [{ value: 0.1, isMissed: false }], newestAt: 0 });
  for (const value of [1e300, -1e308, 1.7e308, 3e-9, 0.1])
    groups.put("a", { group: "x", given: [{ value, isMissed: false }], newestAt: 0 });
  groups.put("b", { group: "x", given: [{ value: 0.1, isMissed: false }], newestAt: 0 });

  assert.ok(Math.abs((groups.find("x")?.tallies[0]?.sum ?? 0) - 0.3) < 1e-9);
});
