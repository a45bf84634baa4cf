import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { MINUTE, SECOND } from "@edgemere/protocol/kit";
import { lookedAt, lookEveryOf, Observations, type Reading, type Standing } from "@edgemere/protocol/policy";
import { compilePolicyCondition } from "./condition.ts";
import { conditionOnDevice, obstaclesOnDevice } from "./on-device.ts";
import { replayed } from "./replay.ts";
import type { Policy } from "./contract.ts";
import { made } from "./watched-policy.ts";

const RUNS = { numRuns: 500 };
const METRICS = ["cpu.busy_percent", "disk.used", "not.measured"] as const;

const metric = fc.constantFrom(...METRICS);
const called = fc.oneof(
  fc.tuple(fc.constantFrom("value", "highest", "lowest", "total"), metric).map(([name, of]) => `${name}("${of}")`),
  fc
    .tuple(fc.constantFrom("mean", "max", "min", "count"), metric, fc.constantFrom("10s", "2m"))
    .map(([name, of, span]) => `${name}("${of}", "${span}")`),
);
const literal = fc.integer({ min: -50, max: 150 }).map((each) => (each < 0 ? `(${each})` : String(each)));
const number = fc.oneof(
  called,
  fc.tuple(called, fc.constantFrom("+", "-", "*"), literal).map((parts) => `(${parts.join(" ")})`),
  called.map((each) => `(-${each})`),
);
const compared = fc
  .tuple(number, fc.constantFrom("<", "<=", ">", ">=", "==", "!="), fc.oneof(literal, number))
  .map((parts) => `(${parts.join(" ")})`);
const { condition } = fc.letrec<{ condition: string }>((tie) => ({
  condition: fc.oneof(
    { maxDepth: 4, withCrossShrink: true },
    compared,
    metric.map((of) => `known("${of}")`),
    fc.constantFrom('(id == "d1")', '(agent_version != "2.0.0")', "true"),
    fc.tuple(tie("condition"), fc.constantFrom("&&", "||"), tie("condition")).map((parts) => `(${parts.join(" ")})`),
    tie("condition").map((each) => `!(${each})`),
  ),
}));
const values = fc.array(
  fc.record({ metric: fc.constantFrom("cpu.busy_percent", "disk.used"), value: fc.integer({ min: -50, max: 150 }) }),
  { maxLength: 30 },
);

const view = { id: "d1", agent_version: "1.0.0", labels: {}, inventory: {}, capabilities: [], conditions: [] };
const readingOf = (measured: readonly { readonly metric: string; readonly value: number }[]): Reading => ({
  view,
  newest: (of) => new Map(measured.filter((each) => each.metric === of).map(({ value }) => ["", value])),
  window: (wanted) => {
    const found = measured.filter((each) => each.metric === wanted.metric).map(({ value }) => value);
    if (found.length === 0) return undefined;
    const sum = found.reduce((total, each) => total + each, 0);
    return { count: found.length, sum, min: Math.min(...found), max: Math.max(...found) };
  },
  happened: () => 0,
});

test("a condition in its closed form says of every reading what CEL says of it", () => {
  fc.assert(
    fc.property(condition, values, (text, measured) => {
      fc.pre(text.length <= 2_000 && obstaclesOnDevice({ condition: text }).length === 0);
      const reading = readingOf(measured);

      const [device, centre] = [conditionOnDevice(text), compilePolicyCondition(text)];

      assert.equal(device.judge(reading).verdict, centre.judge(reading).verdict, text);
      assert.deepEqual([device.metrics, device.windows.length], [centre.metrics, centre.windows.length]);
    }),
    RUNS,
  );
});

const BEGIN = 1_800_000_000_000;
const times = fc.record({
  for: fc.constantFrom(0, 5, 60),
  keepFiringFor: fc.constantFrom(0, 5, 60),
  freshFor: fc.constantFrom(10, 300),
});
const samples = fc.array(
  fc.record({ after: fc.integer({ min: 1, max: 40 }), value: fc.integer({ min: 0, max: 100 }) }),
  {
    minLength: 1,
    maxLength: 60,
  },
);

test("the same definition and the same samples give the same episodes on a device, sample by sample, and in the centre from what is stored", () => {
  const texts = [
    'value("cpu.busy_percent") > 50',
    'mean("cpu.busy_percent", "2m") > 50',
    'known("cpu.busy_percent") && max("cpu.busy_percent", "30s") - min("cpu.busy_percent", "30s") > 20',
  ];
  fc.assert(
    fc.property(fc.constantFrom(...texts), times, samples, (text, spec, given) => {
      const row = { condition: text, ...spec, runsOn: "device", name: "p", state: "enabled" } as unknown as Policy;
      const policy = made(row);
      let at = BEGIN;
      const series = given.map(({ after, value }) => ({ at: (at += after * SECOND), value }));
      const to = at + 10 * MINUTE;

      const stored = series.map((each) => each.at);
      const one = { metric: "cpu.busy_percent", instance: "", at: stored, value: series.map(({ value }) => value) };
      const inCentre = replayed(policy, { view, samples: [one], from: BEGIN, to });

      assert.deepEqual(onDevice(text, spec, series, to), inCentre, text);
    }),
    RUNS,
  );
});

/** As a device does it: each sample when it is measured, each time that is due, and nothing that is stored. */
function onDevice(
  text: string,
  spec: { readonly for: number; readonly keepFiringFor: number; readonly freshFor: number },
  series: readonly { readonly at: number; readonly value: number }[],
  to: number,
) {
  const condition = conditionOnDevice(text);
  const observations = new Observations(condition.metrics, condition.windows);
  const watching = {
    condition,
    for: spec.for * SECOND,
    keepFiringFor: spec.keepFiringFor * SECOND,
    freshFor: spec.freshFor * SECOND,
    lookEvery: lookEveryOf(condition),
  };
  const episodes: { state: string; from: number; to?: number }[] = [];
  let standing: Standing | undefined;
  const look = (now: number) => {
    const wasOpen = standing?.state === "firing" || standing?.state === "recovering";
    ({ standing } = lookedAt(watching, standing, { view, observations, events: new Map() }, { now }));
    const isOpen = standing?.state === "firing" || standing?.state === "recovering";
    if (!wasOpen && isOpen) episodes.push({ state: "firing", from: now });
    if (wasOpen && !isOpen) episodes[episodes.length - 1] = { ...episodes.at(-1)!, to: now };
  };
  const passUntil = (end: number) => {
    for (let due = dueOf(standing); due < end; due = dueOf(standing, due)) look(due);
  };
  look(BEGIN);
  for (const { at, value } of series) {
    passUntil(at);
    observations.take([at], [{ metric: "cpu.busy_percent", instance: "", hold: 0, values: [value] }], at);
    look(at);
  }
  passUntil(to);
  return episodes;
}

const dueOf = (standing: Standing | undefined, after = -Infinity): number => {
  const { dueAt = Infinity } = standing?.state === "resolved" ? {} : (standing ?? {});
  return dueAt > after ? dueAt : Infinity;
};

const hindered: readonly (readonly [condition: string, why: RegExp])[] = [
  ['presence == "online"', /not presence/],
  ['labels.site == "berlin"', /do not know "\."/],
  ['happened("command.failed", "1h") > 1', /counted in the centre only/],
  ['value("cpu.busy_percent") > (true ? 1.0 : 2.0)', /do not know "\?:"/],
  ['value("cpu.busy_percent") in [1.0, 2.0]', /do not know "in"/],
  ['id.startsWith("gw")', /do not know "rcall"/],
  ['value("cpu.busy_percent") > 7 / 2', /whole numbers/],
  ["size(id) > 3", /not known to devices|no size/],
  ['id < "x"', /does not work on text/],
];
for (const [text, why] of hindered) {
  test(`why devices cannot watch ${text} is said`, () => {
    assert.match(obstaclesOnDevice({ condition: text }).join("\n"), why);
  });
}

test("who is to be told is no obstacle: people are told of alerts here, whoever decides about them", () => {
  const condition = 'value("cpu.busy_percent") > 90';
  assert.deepEqual(obstaclesOnDevice({ condition, effects: [{ do: "notify", contacts: ["desk"] }] }), []);
});
