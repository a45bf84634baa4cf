import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { nextStep, openOf, outcomeOf, type Progress } from "./rollout-gate.ts";
import { emptyWave } from "./rollout-tally.ts";
import type { WaveProgress } from "./rollout-life-contract.ts";

const wave = (over: Partial<WaveProgress> = {}): WaveProgress => ({ ...emptyWave, targets: 10, openedAt: 0, ...over });
const aRollout = (over: Partial<Progress> = {}): Progress => ({
  state: "running",
  mode: "snapshot",
  spec: { waves: [{ count: 10, soak: 60 }] },
  waves: [wave(), wave()],
  opened: 1,
  failures: {},
  createdAt: 0,
  endsAt: 1_000_000_000,
  ...over,
});
const verdict = (word: "continue" | "hold" | "rollback"): NonNullable<WaveProgress["canary"]> => ({
  verdict: word,
  at: 2_000_000,
  look: 1,
  comparisons: [],
});
const watched = (over: Partial<WaveProgress>): Partial<Progress> => ({
  spec: { waves: [{ count: 10 }], canary: { metric: "m" } },
  waves: [wave({ succeeded: 10, passedAt: 0, ...over }), wave()],
});
const at = 2_000_000;
const stopped = (reason: string, isCarriedOut = true): Partial<Progress> => ({
  state: "stopped",
  spec: { rollback: { kind: "ping" } },
  stop: { reason, detail: "", by: "system", at: 0, isCarriedOut },
});
const cancelled = { do: "end", signal: "cancel" } as const;

for (const [about, over, now, expected] of [
  ["has no wave yet opens the first", { opened: 0 }, 0, { do: "open" }],
  ["has devices under way goes on", { waves: [wave({ active: 3 }), wave()] }, 0, { do: "go on", why: "wave" }],
  ["has enough that succeeded passes", { waves: [wave({ succeeded: 9 }), wave()] }, 0, { do: "pass" }],
  [
    "can reach the threshold no more pauses",
    { waves: [wave({ failed: 2 }), wave()] },
    0,
    { do: "pause", reason: "paused-by-threshold" },
  ],
  ["was waived passes", { waves: [wave({ failed: 9, isWaived: true }), wave()] }, 0, { do: "pass" }],
  [
    "lost some to the queue counts the others",
    { waves: [wave({ succeeded: 5, skipped: 5 }), wave()] },
    0,
    { do: "pass" },
  ],
  [
    "is soaking waits",
    { waves: [wave({ succeeded: 10, passedAt: 0 }), wave()] },
    59_999,
    { do: "go on", why: "soaking", until: 60_000 },
  ],
  ["has soaked opens the next", { waves: [wave({ succeeded: 10, passedAt: 0 }), wave()] }, 60_000, { do: "open" }],
  ["has an empty wave goes past it", { waves: [wave({ targets: 0, passedAt: 0 }), wave()] }, 0, { do: "open" }],
  ["gathers samples waits", watched({}), 1_799_999, { do: "go on", why: "soaking", until: 1_800_000 }],
  ["has samples compares", watched({}), 1_800_000, { do: "compare" }],
  ["was found harmless opens the next", watched({ canary: verdict("continue") }), at, { do: "open" }],
  [
    "was found harmful stops",
    watched({ canary: verdict("rollback") }),
    at,
    { do: "stop", reason: "canary", detail: "m became worse on devices that were changed" },
  ],
  [
    "is not clear holds",
    watched({ canary: verdict("hold") }),
    at,
    { do: "go on", why: "holding", until: at + 300_000 },
  ],
  ["is not clear is compared again", watched({ canary: verdict("hold") }), at + 300_000, { do: "compare" }],
  [
    "is not clear for too long pauses",
    watched({ canary: verdict("hold") }),
    88_200_000,
    { do: "pause", reason: "paused-by-canary" },
  ],
  ["is through ends", { opened: 2, waves: [wave({ succeeded: 10 }), wave({ succeeded: 10 })] }, 0, { do: "pass" }],
  ["is paused does nothing", { state: "paused" }, 0, { do: "nothing" }],
  [
    "nobody approved in time stops",
    { state: "approving" },
    604_800_000,
    { do: "stop", reason: "not-approved", detail: "nobody approved it within the time of its queue" },
  ],
  [
    "was stopped by a rule and says what undoes it is undone, whoever still runs",
    { ...stopped("abort-rule"), waves: [wave({ active: 3 }), wave()] },
    0,
    { do: "undo" },
  ],
  ["is still being stopped is not undone yet", stopped("abort-rule", false), 0, { do: "nothing" }],
  ["somebody cancelled is not undone", { ...stopped("cancelled"), waves: [wave({ cancelled: 10 })] }, 0, cancelled],
  [
    "undoes another and does not know of all devices yet does not end",
    { undoes: { rollout: "r", isComplete: false }, opened: 2, waves: [wave(), wave({ succeeded: 10, passedAt: 0 })] },
    0,
    { do: "go on", why: "wave" },
  ],
  ["waits for approval does nothing", { state: "approving" }, 0, { do: "nothing" }],
  [
    "is out of time stops, paused or not",
    { state: "paused", endsAt: 5 },
    5,
    { do: "stop", reason: "total-timeout", detail: "the time for the whole was over" },
  ],
] as const satisfies readonly (readonly [string, Partial<Progress>, number, object])[])
  test(`a rollout that ${about}`, () => {
    assert.deepEqual(nextStep(aRollout(over as Partial<Progress>), now), expected);
  });

for (const [cause, failures, ended, stops] of [
  [undefined, { device: 1, network: 1 }, 10, true],
  ["device", { device: 2 }, 10, true],
  ["device", { network: 5 }, 10, false],
  ["device", { device: 2 }, 9, false],
  ["device", { device: 1 }, 10, false],
] as const)
  test(`of ${ended} that ended ${JSON.stringify(failures)} ${stops ? "meet" : "do not meet"} a rule for ${cause ?? "any cause"}`, () => {
    const failed = Object.values(failures).reduce((sum, each) => sum + each, 0);
    const abort = [{ ...(cause && { cause }), percent: 20, least: 10 }];
    const waves = [wave({ targets: 100, failed, succeeded: ended - failed })];
    const step = nextStep(aRollout({ spec: { abort }, waves, failures }), 0);

    assert.equal(step.do === "stop", stops);
  });

const someWave: fc.Arbitrary<WaveProgress> = fc
  .record({
    active: fc.nat(5),
    succeeded: fc.nat(5),
    failed: fc.nat(5),
    skipped: fc.nat(5),
    cancelled: fc.nat(5),
    waiting: fc.nat(5),
    isWaived: fc.boolean(),
    passedAt: fc.option(fc.nat(100_000), { nil: undefined }),
  })
  .map(({ waiting, passedAt, ...counts }) => ({
    ...counts,
    ...(passedAt !== undefined && { passedAt }),
    targets: waiting + counts.active + counts.succeeded + counts.failed + counts.skipped + counts.cancelled,
  }));
const someRollout = fc
  .record({
    state: fc.constantFrom("planned", "approving", "running", "paused", "stopped", "succeeded", "failed"),
    waves: fc.array(someWave, { minLength: 1, maxLength: 4 }),
    opened: fc.nat(4),
    success: fc.nat(100),
  })
  .map(({ success, waves, opened, state }) =>
    aRollout({
      state: state as Progress["state"],
      waves,
      opened: Math.min(opened, waves.length),
      spec: { waves: waves.slice(1).map(() => ({ percent: 10, success, soak: 30 })) },
    }),
  );

test("a rollout ends only when every device has, and only one that runs or is stopped", () => {
  fc.assert(
    fc.property(someRollout, fc.nat(200_000), (row, now) => {
      const step = nextStep(row, now);
      if (step.do !== "end") return;
      assert.ok(row.state === "running" || row.state === "stopped");
      assert.ok(row.waves.every((each) => openOf(each) === 0));
    }),
  );
});

test("the next wave never begins before the newest has passed, and never beyond the last", () => {
  fc.assert(
    fc.property(someRollout, fc.nat(200_000), (row, now) => {
      if (nextStep(row, now).do !== "open") return;
      assert.ok(row.opened < row.waves.length);
      assert.ok(row.opened === 0 || row.waves[row.opened - 1]?.passedAt !== undefined);
    }),
  );
});

test("it has succeeded exactly when every device has", () => {
  fc.assert(
    fc.property(fc.array(someWave, { minLength: 1 }), (waves) => {
      const isWhole = waves.every(({ targets, succeeded }) => targets === succeeded);
      assert.equal(outcomeOf({ waves }) === "succeed", isWhole);
    }),
  );
});
