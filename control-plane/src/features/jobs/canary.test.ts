import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { seededRandom } from "@edgemere/protocol/simulated";
import { changeOf, judged, type Sample } from "./canary.ts";
import { assignWaves } from "./rollout-waves.ts";
import { studentExceeded, tailOf } from "./student.ts";

// Critical values of Student's t as printed in any table of it.
for (const [probability, freedom, expected] of [
  [0.05, 1, 6.3138],
  [0.025, 5, 2.5706],
  [0.005, 10, 3.1693],
  [0.0005, 30, 3.646],
  [0.05, 1_000, 1.6464],
] as const)
  test(`t with ${freedom} degrees of freedom exceeds ${expected} with probability ${probability}`, () => {
    assert.ok(Math.abs(studentExceeded(probability, freedom) - expected) < 0.0006);
  });

test("the point that is exceeded with a probability is exceeded with that probability", () => {
  const someProbability = fc.double({ min: 1e-7, max: 0.49, noNaN: true });
  fc.assert(
    fc.property(someProbability, fc.double({ min: 1, max: 5_000, noNaN: true }), (probability, freedom) => {
      const back = tailOf(studentExceeded(probability, freedom), freedom);
      assert.ok(Math.abs(back - probability) / probability < 1e-6, `${back} for ${probability}`);
    }),
  );
});

const spec = { metric: "memory.used_bytes" };
const samples = (stratum: string, ...changes: readonly number[]): Sample[] =>
  changes.map((change) => ({ measure: "metric", stratum, change }));
const head = { look: 1, waves: 3, now: 0 };
const still = samples("a", 0.1, -0.2, 0.05, 0, 0.15, -0.1, 0.02);

for (const [about, treated, control, verdict] of [
  ["devices that did not change", still, still, "continue"],
  ["devices that all became worse", still.map((each) => ({ ...each, change: each.change + 3 })), still, "rollback"],
  [
    "devices that became worse together with the untouched ones",
    still.map((each) => ({ ...each, change: each.change + 9 })),
    still.map((each) => ({ ...each, change: each.change + 9 })),
    "continue",
  ],
  ["too few devices", still.slice(0, 4), still, "hold"],
  ["nobody to compare with", still, [], "hold"],
  ["devices of which nobody knows yet", samples("a", -40, 30, 10, -20, 25, -5), still, "hold"],
  [
    "one kind of hardware that became worse",
    [...still, ...samples("b", 6, 6.2, 5.9, 6.1, 6, 5.8)],
    [...still, ...samples("b", 0, 0.1, -0.1, 0.2, 0, 0.1)],
    "rollback",
  ],
] as const)
  test(`the verdict on ${about} is ${verdict}`, () => {
    assert.equal(judged({ ...head, treated, control }, spec).verdict, verdict);
  });

test("whatever is added to both sides alike changes nothing", () => {
  const changes = fc.array(fc.double({ min: -50, max: 50, noNaN: true }), { minLength: 5, maxLength: 30 });
  fc.assert(
    fc.property(changes, changes, fc.integer({ min: -100, max: 100 }), (one, other, shift) => {
      const moved = (values: readonly number[], by: number) => samples("a", ...values.map((each) => each + by));
      const [plain] = judged({ ...head, treated: moved(one, 0), control: moved(other, 0) }, spec).comparisons;
      const [shifted] = judged({ ...head, treated: moved(one, shift), control: moved(other, shift) }, spec).comparisons;
      assert.ok(plain && shifted && Math.abs(plain.low - shifted.low) < 1e-6 && plain.low <= plain.change + 1e-9);
    }),
  );
});

const alerts = (troubled: number, of: number): Sample[] =>
  Array.from({ length: of }, (_, place) => ({ measure: "alerts", stratum: "", change: place < troubled ? 100 : 0 }));

for (const [about, treated, control, verdict] of [
  ["nobody has an alert", alerts(0, 20), alerts(0, 100), "continue"],
  ["everybody who was changed has one, and nobody else", alerts(5, 5), alerts(0, 20), "rollback"],
  ["far more of the changed have one", alerts(12, 20), alerts(5, 100), "rollback"],
  ["one of a few has one", alerts(1, 6), alerts(0, 100), "hold"],
  ["as many of both sides have one", alerts(200, 400), alerts(200, 400), "hold"],
  ["there are too few to tell", alerts(4, 4), alerts(0, 100), "hold"],
] as const)
  test(`where ${about} the verdict on alerts is ${verdict}`, () => {
    assert.equal(judged({ ...head, treated: [...treated], control: [...control] }, { alerts: true }).verdict, verdict);
  });

test("of two measures both must be harmless, and one that harms is enough", () => {
  const both = { ...spec, alerts: true };
  const of = (more: readonly Sample[], less: readonly Sample[]) =>
    judged({ ...head, treated: [...still, ...more], control: [...still, ...less] }, both).verdict;

  assert.equal(of(alerts(0, 20), alerts(0, 20)), "continue");
  assert.equal(of(alerts(20, 20), alerts(0, 20)), "rollback");
  assert.equal(of([], []), "hold", "nothing is known of one of them");
});

test("a change for the worse is one upwards, unless lower is worse; what was nothing before has none", () => {
  assert.equal(changeOf(200, 206, spec), 3);
  assert.equal(changeOf(200, 206, { ...spec, worse: "lower" }), -3);
  assert.equal(changeOf(0, 5, spec), undefined);
  assert.equal(changeOf(Number.NaN, 5, spec), undefined);
});

const FLEET = 10_000;
const models = ["a", "b", "c", "d"];
const waves = [{ percent: 1 }, { percent: 3 }, { percent: 16 }, { percent: 40 }, {}];

const fleet = Array.from({ length: FLEET }, (_, place) => ({
  device: `d${place}`,
  stratum: models[place % models.length] ?? "",
  matches: [],
  draw: String((place * 7_919) % FLEET).padStart(5, "0"),
}));
const assigned = assignWaves(fleet, waves);
const strataOf = (isIn: (wave: number) => boolean) =>
  fleet.filter((_, place) => isIn(assigned[place] ?? 0)).map(({ stratum }) => stratum);
/** By wave: how many it changes, and of which kinds those are that are compared. */
const sides = waves.slice(0, -1).map((_, wave) => ({
  changed: strataOf((each) => each === wave).length,
  treated: strataOf((each) => each === wave).slice(0, 400),
  control: strataOf((each) => each > wave).slice(0, 400),
}));

/** Of how a device differs from others, that part is its own and the same at each look; the rest comes and goes. */
const OWN = 0.9;

/** How many devices were changed in the end, and how it ended; devices differ by 2 % from one half hour to the next. */
function rolledOut(seed: number, leak: Readonly<Record<string, number>>) {
  const random = seededRandom(seed);
  const normal = () => Math.sqrt(-2 * Math.log(1 - random.next())) * Math.cos(2 * Math.PI * random.next());
  const drift = normal();
  const devicesOf = (strata: readonly string[]) => strata.map((stratum) => ({ stratum, own: normal() }));
  const sampleOf = (devices: ReturnType<typeof devicesOf>, by: Readonly<Record<string, number>>) =>
    devices.map(({ stratum, own }) => ({
      measure: "metric" as const,
      stratum,
      change: drift + 2 * (Math.sqrt(OWN) * own + Math.sqrt(1 - OWN) * normal()) + (by[stratum] ?? 0),
    }));
  let sum = 0;
  for (const { changed, ...wave } of sides) {
    sum += changed;
    const [treated, control] = [devicesOf(wave.treated), devicesOf(wave.control)];
    let verdict = "hold";
    // Who holds for longer than its patience is paused.
    for (let look = 1; look <= 10 && verdict === "hold"; look++) {
      const samples = { treated: sampleOf(treated, leak), control: sampleOf(control, {}) };
      verdict = judged({ ...samples, look, waves: sides.length, now: 0 }, spec).verdict;
    }
    if (verdict !== "continue") return { end: verdict, changed: sum };
  }
  return { end: "done", changed: sum };
}

const rollouts = (leak: Readonly<Record<string, number>>) =>
  Array.from({ length: 1_000 }, (_, seed) => rolledOut(seed, leak));
const ends = (of: ReturnType<typeof rollouts>, word: string) => of.filter(({ end }) => end === word).length;

test("a leak of 3 % in one of four kinds of hardware stops or pauses a rollout before 5 % of the fleet have it, for each of 1,000 seeds", (context) => {
  const leaking = rollouts({ c: 3 });

  context.diagnostic(`${ends(leaking, "rollback")} were stopped, ${ends(leaking, "hold")} were held until they paused`);
  assert.deepEqual(
    leaking.filter(({ end, changed }) => end === "done" || changed >= FLEET * 0.05),
    [],
  );
  assert.ok(ends(leaking, "rollback") > 990);
});

test("of 1,000 harmless rollouts fewer than ten are stopped, and fewer than ten held", (context) => {
  const harmless = rollouts({});

  context.diagnostic(`${ends(harmless, "rollback")} were stopped, ${ends(harmless, "hold")} were held`);
  assert.ok(ends(harmless, "rollback") < 10 && ends(harmless, "hold") < 10);
});
