import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { decide, refusalWords, type Opinion } from "./admission.ts";

const opinion = (over: Partial<Opinion>): Opinion => ({
  policy: "p",
  priority: 0,
  owner: "user:olga",
  outcome: "deny",
  reason: "frozen",
  verdict: "met",
  ...over,
});
const allow = (over: Partial<Opinion> = {}) => opinion({ policy: "a", outcome: "allow", ...over });

const cases: readonly (readonly [
  title: string,
  about: readonly (readonly Opinion[])[],
  refused: string | undefined,
])[] = [
  ["what nobody has a say in is done", [[]], undefined],
  ["a denial that holds refuses", [[opinion({})]], "denied p"],
  ["a denial that does not hold says nothing", [[opinion({ verdict: "unmet" })]], undefined],
  ["a policy that cannot be evaluated refuses, whatever it would do", [[allow({ verdict: "failed" })]], "failed a"],
  ["what an allowance is about is done where it holds", [[allow()]], undefined],
  ["and nowhere else", [[allow({ verdict: "unmet" })]], "not-allowed a"],
  ["of two allowances one is enough", [[allow({ verdict: "unmet" }), allow({ policy: "b" })]], undefined],
  ["a denial beats an allowance of a higher priority", [[opinion({}), allow({ priority: 9 })]], "denied p"],
  ["one device that is denied refuses it for all", [[], [opinion({})], []], "denied p"],
  ["one device that is not allowed refuses it for all", [[allow()], [allow({ verdict: "unmet" })]], "not-allowed a"],
  ["of two denials the higher one is told", [[opinion({}), opinion({ policy: "q", priority: 1 })]], "denied q"],
];
for (const [title, about, refused] of cases)
  test(`of opinions: ${title}`, () => {
    const { refusal } = decide(about);
    assert.equal(refusal && `${refusal.because} ${refusal.by.policy}`, refused);
  });

test("the defaults of the higher policy hold, and of two alike those of the first name", () => {
  const told = (policy: string, priority: number, defaults: Opinion["defaults"]) =>
    opinion({ policy, priority, defaults, outcome: "defaults" });

  const { defaults } = decide([
    [told("low", 0, { runTimeout: 1, rate: 1 }), told("high", 5, { runTimeout: 2 })],
    [told("a", 3, { atOnce: 7 }), told("b", 3, { atOnce: 8 })],
  ]);

  assert.deepEqual(defaults, { runTimeout: 2, rate: 1, atOnce: 7 });
});

test("a refusal names the policy, the device, the reason and whom to ask", () => {
  const { refusal } = decide([[opinion({ policy: "freeze", device: "gw1" })]]);
  assert.ok(refusal);
  assert.equal(
    refusalWords(refusal, "cpl/dm/job/create"),
    'the policy "freeze" refuses cpl/dm/job/create on the device "gw1": frozen; ask its owner, user:olga',
  );
});

const opinions = fc.array(
  fc.record({
    policy: fc.constantFrom("a", "b", "c", "d"),
    priority: fc.integer({ min: -1, max: 1 }),
    owner: fc.constant("o"),
    reason: fc.constant("r"),
    outcome: fc.constantFrom(...(["allow", "deny", "approve", "defaults"] as const)),
    verdict: fc.constantFrom(...(["met", "unmet", "failed"] as const)),
  }),
  { maxLength: 6 },
);
const about = fc.array(opinions, { minLength: 1, maxLength: 4 }).map((devices) =>
  // A policy has one row, so one priority and one outcome; its defaults tell it from others.
  devices.map((each, place) => {
    const byName = new Map(each.map((one) => [one.policy, one]));
    return [...byName.values()].map((one) => ({
      ...one,
      device: `d${place}`,
      ...(one.outcome === "defaults" && { defaults: { runTimeout: `${one.policy} d${place}` } }),
    }));
  }),
);

test("what is decided does not hang on the order in which opinions come", () => {
  fc.assert(
    fc.property(about, fc.array(fc.nat(), { minLength: 30, maxLength: 30 }), (devices, keys) => {
      const mixed = <T>(items: readonly T[], from: number) =>
        items
          .map((item, place) => [keys[(place + from) % keys.length] ?? 0, item] as const)
          .toSorted(([one], [other]) => one - other)
          .map(([, item]) => item);
      const shuffled = mixed(
        devices.map((each, place) => mixed(each, place)),
        7,
      );
      assert.deepEqual(decide(shuffled), decide(devices));
    }),
  );
});

test("a denial that holds refuses, whatever else is said", () => {
  fc.assert(
    fc.property(about, opinions, (devices, more) => {
      const denied = [...devices, [...more, opinion({ policy: "z", priority: -9 })]];
      assert.equal(decide(denied).refusal?.because, "denied");
    }),
  );
});

test("another denial or another doubt never lets through what was refused", () => {
  fc.assert(
    fc.property(about, fc.constantFrom("met" as const, "unmet" as const, "failed" as const), (devices, verdict) => {
      const more = devices.map((each) => [...each, opinion({ policy: "z", verdict })]);
      if (decide(devices).refusal !== undefined) assert.ok(decide(more).refusal);
    }),
  );
});
