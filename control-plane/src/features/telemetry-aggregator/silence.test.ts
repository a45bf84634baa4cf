import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { joined, silences } from "./silence.ts";

/** Samples every ten seconds from second to second. */
const span = (from: number, to: number, step = 10) => ({
  from: from * 1_000,
  to: to * 1_000,
  rows: Math.round((to - from) / step) + 1,
});
const range = (from: number, to: number) => ({ from: from * 1_000, to: to * 1_000 });

for (const [title, spans, asked, known, expected] of [
  ["samples at an even pace leave none", [span(0, 60), span(70, 120)], range(0, 120), [], []],
  ["some pauses are borne", [span(0, 60), span(95, 120)], range(0, 120), [], []],
  ["a longer pause is silence", [span(0, 60), span(100, 120)], range(0, 120), [], [range(60, 100)]],
  ["a busy host is not silent", [span(0, 60, 1), span(70, 120, 1)], range(0, 120), [], []],
  ["the order of arrival means nothing", [span(100, 120), span(0, 60)], range(0, 120), [], [range(60, 100)]],
  ["a known gap is no silence", [span(0, 60), span(600, 700)], range(0, 700), [range(60, 600)], []],
  [
    "what a known gap leaves open is",
    [span(0, 60), span(600, 700)],
    range(0, 700),
    [range(100, 500)],
    [range(60, 100), range(500, 600)],
  ],
  ["no samples at all are silence", [], range(0, 3_600), [], [range(0, 3_600)]],
  ["at the end samples may be on their way", [span(0, 60)], range(0, 110), [], []],
  ["but not for ever", [span(0, 60)], range(0, 180), [], [range(60, 180)]],
  ["before the first sample it counts too", [span(600, 700)], range(0, 700), [], [range(0, 600)]],
  ["a slower pace from some moment on is none", [span(0, 60), span(120, 420, 60)], range(0, 420), [], []],
  [
    "single samples have a pace together",
    [0, 900, 1_800, 9_000].map((at) => span(at, at)),
    range(0, 9_000),
    [],
    [range(1_800, 9_000)],
  ],
] as const) {
  test(`of silence: ${title}`, () => {
    assert.deepEqual(silences(spans, asked, known), expected);
  });
}

test("silence lies in the asked range, and never where a sample is", () => {
  const spans = fc.array(
    fc
      .tuple(fc.integer({ min: 0, max: 5_000 }), fc.integer({ min: 0, max: 300 }))
      .map(([at, long]) => span(at, at + long)),
    { maxLength: 12 },
  );
  fc.assert(
    fc.property(spans, (all) => {
      for (const silence of silences(all, range(100, 4_000), [])) {
        assert.ok(silence.from >= 100_000 && silence.to <= 4_000_000 && silence.from < silence.to);
        assert.ok(all.every(({ from, to }) => to <= silence.from || from >= silence.to));
      }
    }),
  );
});

test("ranges that touch become one", () => {
  assert.deepEqual(joined([range(5, 7), range(1, 2), range(2, 3), range(6, 9)]), [range(1, 3), range(5, 9)]);
  assert.deepEqual(joined([]), []);
});
