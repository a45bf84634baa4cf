import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { nextOf, type Next, type Situation, type Standing } from "./course.ts";
import { alertLife } from "./life.ts";

const situation = (over: Partial<Situation>): Situation => ({
  now: 1_000,
  verdict: "met",
  for: 0,
  keepFiringFor: 0,
  ...over,
});
const standing = (state: Standing["state"], over: Partial<Standing> = {}): Standing => ({
  state,
  since: 400,
  ...(state === "firing" || state === "recovering" || state === "resolved" ? { firedAt: 500 } : {}),
  ...over,
});
const quiet = { reason: "outside its hours", until: 9_000 };
const stay: Next = { do: "stay", dueAt: undefined };

const cases: readonly (readonly [
  title: string,
  of: Standing | undefined,
  situation: Partial<Situation>,
  next: Next,
])[] = [
  ["nothing becomes of nothing", undefined, { verdict: "unmet" }, { do: "stay" }],
  [
    "what holds fires at once where nothing is waited for",
    undefined,
    {},
    { do: "move", signal: "fire", since: 1_000, dueAt: undefined },
  ],
  [
    "what holds waits for as long as it must",
    undefined,
    { for: 60 },
    { do: "move", signal: "wait", since: 1_000, dueAt: 1_060 },
  ],
  [
    "what was over begins again",
    standing("resolved"),
    { for: 60 },
    { do: "move", signal: "wait", since: 1_000, dueAt: 1_060 },
  ],
  ["what has not held for long enough still waits", standing("pending"), { for: 700 }, { do: "stay", dueAt: 1_100 }],
  [
    "what has held for long enough fires",
    standing("pending"),
    { for: 600 },
    { do: "move", signal: "fire", since: 400, dueAt: undefined },
  ],
  ["what never fired goes without a word", standing("pending"), { verdict: "unmet" }, { do: "drop" }],
  [
    "what fired before its data were missing is over when it holds no more, though it waited again",
    standing("pending", { firedAt: 500 }),
    { verdict: "unmet", for: 600 },
    { do: "move", signal: "resolve", since: 400 },
  ],
  ["what fires goes on firing", standing("firing"), {}, stay],
  [
    "what stops to hold is over at once where nothing is kept",
    standing("firing"),
    { verdict: "unmet" },
    { do: "move", signal: "resolve", since: 400 },
  ],
  [
    "what stops to hold recovers for as long as it must",
    standing("firing"),
    { verdict: "unmet", keepFiringFor: 50 },
    { do: "move", signal: "recover", since: 400, clearedAt: 1_000, dueAt: 1_050 },
  ],
  [
    "what holds again while it recovers fires on",
    standing("recovering", { clearedAt: 990 }),
    { for: 999 },
    { do: "move", signal: "fire", since: 400, dueAt: undefined },
  ],
  [
    "what has recovered for long enough is over",
    standing("recovering", { clearedAt: 950 }),
    { verdict: "unmet", keepFiringFor: 50 },
    { do: "move", signal: "resolve", since: 400 },
  ],
  [
    "what is not watched any more is over, however long it were kept",
    standing("firing"),
    { verdict: "gone", keepFiringFor: 50 },
    { do: "move", signal: "resolve", since: 400 },
  ],
  ["of what nobody can tell nothing becomes", standing("firing"), { verdict: "unknown" }, stay],
  [
    "what waited does not fire while nobody can tell",
    standing("pending", { dueAt: 900 }),
    { verdict: "unknown" },
    stay,
  ],
  [
    "a lack of data that has lasted too long is told",
    undefined,
    { verdict: "unknown", missingAt: 1_000 },
    { do: "move", signal: "starve", since: 1_000 },
  ],
  ["a lack of data that has not lasted yet is not told", undefined, { verdict: "unknown", missingAt: 1_001 }, stay],
  [
    "data that come back end the lack of them",
    standing("nodata"),
    { verdict: "unmet" },
    { do: "move", signal: "resolve", since: 400 },
  ],
  [
    "after a lack of data it holds from now on",
    standing("nodata"),
    { for: 60 },
    { do: "move", signal: "wait", since: 1_000, dueAt: 1_060 },
  ],
  [
    "what is no surprise does not fire",
    undefined,
    { quiet },
    { do: "move", signal: "suspend", since: 1_000, dueAt: 9_000 },
  ],
  [
    "what becomes no surprise stops to fire",
    standing("firing"),
    { quiet },
    { do: "move", signal: "suspend", since: 400, dueAt: 9_000 },
  ],
  [
    "what is no surprise for longer stays so",
    standing("maintenance", { dueAt: 900 }),
    { quiet },
    { do: "stay", dueAt: 9_000 },
  ],
  [
    "what is a surprise again has held since it began",
    standing("maintenance"),
    { for: 600 },
    { do: "move", signal: "fire", since: 400, dueAt: undefined },
  ],
  [
    "what was no surprise and never fired goes without a word",
    standing("maintenance"),
    { verdict: "unmet" },
    { do: "drop" },
  ],
];

for (const [title, of, over, next] of cases) test(title, () => assert.deepEqual(nextOf(of, situation(over)), next));

/** Follows an alert through situations, as who writes it down does. */
function followed(situations: readonly Situation[]): readonly (readonly [Situation, Standing | undefined])[] {
  let row: Standing | undefined;
  return situations.map((each) => {
    const next = nextOf(row, each);
    if (next.do === "drop") row = undefined;
    if (next.do === "stay" && row !== undefined) row = { ...row, dueAt: next.dueAt } as Standing;
    if (next.do === "move") {
      const before = row?.state === "resolved" ? undefined : row;
      const state = alertLife.next(row?.state ?? "resolved", next.signal);
      const firedAt = before?.firedAt ?? (state === "firing" ? each.now : undefined);
      row = { state, since: next.since, dueAt: next.dueAt, clearedAt: next.clearedAt, firedAt } as Standing;
    }
    return [each, row] as const;
  });
}

const situations = fc
  .array(
    fc.record({
      pause: fc.integer({ min: 0, max: 100 }),
      verdict: fc.constantFrom("met", "unmet", "unknown", "gone" as const),
      missing: fc.option(fc.integer({ min: -50, max: 50 }), { nil: undefined }),
      quiet: fc.option(fc.integer({ min: 1, max: 100 }), { nil: undefined, freq: 5 }),
    }),
    { maxLength: 40 },
  )
  .map((steps) => {
    let now = 0;
    return steps.map(({ pause, verdict, missing, quiet }): Situation => {
      now += pause;
      return {
        now,
        verdict,
        for: 60,
        keepFiringFor: 40,
        ...(missing !== undefined && { missingAt: now + missing }),
        ...(quiet !== undefined && { quiet: { reason: "quiet", until: now + quiet } }),
      };
    });
  });

test("whatever happens, no alert fires that has not held for long enough, and every step is one of its life", () => {
  fc.assert(
    fc.property(situations, (all) => {
      const steps = followed(all);
      for (const [place, [at, row]] of steps.entries()) {
        const before = steps[place - 1]?.[1];
        if (row?.state === "firing" && before?.state !== "firing" && before?.state !== "recovering")
          assert.ok(at.verdict === "met" && at.now - row.since >= at.for && at.quiet === undefined);
        if (row?.state === "resolved" && before?.state !== "resolved")
          assert.ok(before?.firedAt !== undefined || before?.state === "nodata");
      }
    }),
    { numRuns: 2_000 },
  );
});

test("asked twice about the same, nothing more becomes of an alert", () => {
  fc.assert(
    fc.property(situations, (all) => {
      const once = followed(all).map(([, row]) => row);
      const twice = followed(all.flatMap((each) => [each, each])).flatMap(([, row], place) => (place % 2 ? [row] : []));
      assert.deepEqual(
        twice.map((row) => row?.state),
        once.map((row) => row?.state),
      );
    }),
  );
});
