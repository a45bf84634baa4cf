import assert from "node:assert/strict";
import { test } from "node:test";
import { MINUTE } from "@edgemere/protocol/kit";
import fc from "fast-check";
import { Groups } from "./grouping.ts";
import { Windows } from "./windows.ts";

const grid = { from: 0, step: MINUTE, length: 10 };

for (const [what, how] of [
  ["mean", "sum"],
  ["rate", undefined],
] as const)
  test(`series of which ${what} is told one by one are held up to a size, however few the groups are, and a part more of one is no series more`, () => {
    const groups = new Groups(what, { across: how, by: [], grid }, 3 * grid.length);
    const group = groups.of("load", []);
    for (const series of ["d1", "d2", "d3", "d1", "d2", "d3"]) group.addPart(series, new Windows(grid));

    assert.throws(() => groups.of("load", []).addPart("d4", new Windows(grid)), {
      type: "too-large",
      message: /more than 3 series of 10 windows/,
    });
  });

test("series that are summed up together at once take no room of their own", () => {
  const group = new Groups("mean", { across: undefined, by: [], grid }, 0).of("load", []);

  for (let series = 0; series < 100; series++) group.addPart(`d${series}`, new Windows(grid));

  assert.equal(group.values().length, 10);
});
const words = fc.record({
  metric: fc.string({ maxLength: 6 }),
  values: fc.tuple(fc.string({ maxLength: 6 }), fc.string({ maxLength: 6 })),
});

test("series are of one group exactly if their metric and all values are the same", () => {
  fc.assert(
    fc.property(words, words, (one, other) => {
      const groups = new Groups("mean", { across: undefined, by: ["site", "role"], grid });
      const isSame = JSON.stringify(one) === JSON.stringify(other);

      assert.equal(groups.of(one.metric, one.values) === groups.of(other.metric, other.values), isSame);
      assert.deepEqual(groups.of(one.metric, one.values).by, { site: one.values[0], role: one.values[1] });
    }),
    // Digits and spaces are what keeps the parts of a key apart.
    {
      examples: [
        [
          { metric: "a", values: ["", "1 b"] },
          { metric: "a", values: ["1", "b"] },
        ],
      ],
    },
  );
});
