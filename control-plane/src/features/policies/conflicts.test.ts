import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import type { Admission } from "./admission-contract.ts";
import { conflictsOf, type Claim } from "./conflicts.ts";

const claim = (name: string, over: Partial<Claim> = {}): Claim => ({
  name,
  priority: 0,
  looksAt: new Set(["cpu.busy_percent"]),
  devices: new Set(["d1"]),
  ...over,
});
const asked = (outcome: Admission["outcome"], actions: string[], defaults?: Admission["defaults"]) => ({
  admission: { outcome, actions, reason: "r", ...(defaults && { defaults }) },
});
const configure = (interval: number): Pick<Claim, "effects"> => ({
  effects: [{ do: "command", kind: "configure", arguments: { interval } }],
});
const jobs = ["cpl/dm/job/create"];

const cases: readonly (readonly [title: string, one: Claim, other: Claim, found: readonly string[]])[] = [
  [
    "an allowance and a denial of one action are at odds, and the denial prevails",
    claim("a", { ...asked("allow", ["cpl/dm/job/*"]), priority: 9 }),
    claim("b", asked("deny", jobs)),
    ["allow-and-deny cpl/dm/job/create: b, a"],
  ],
  ["of different actions they are not", claim("a", asked("allow", ["ia/*"])), claim("b", asked("deny", jobs)), []],
  [
    "nor on different devices",
    claim("a", asked("allow", jobs)),
    claim("b", { ...asked("deny", jobs), devices: new Set(["d2"]) }),
    [],
  ],
  [
    "what is about no device in particular is about each",
    claim("a", asked("allow", jobs)),
    claim("b", { ...asked("deny", jobs), devices: undefined }),
    ["allow-and-deny cpl/dm/job/create: b, a"],
  ],
  [
    "of two defaults of one field those of the higher priority prevail",
    claim("a", asked("defaults", jobs, { runTimeout: 1, queueTimeout: 5 })),
    claim("b", { ...asked("defaults", jobs, { runTimeout: 2, queueTimeout: 5 }), priority: 1 }),
    ["defaults runTimeout: b, a"],
  ],
  [
    "two commands of a kind with other arguments for one measurement are at odds",
    claim("a", configure(1)),
    claim("b", configure(2)),
    ["commands configure: a, b"],
  ],
  ["the same command twice is not", claim("a", configure(1)), claim("b", configure(1)), []],
  [
    "nor is one for something else that was measured",
    claim("a", configure(1)),
    claim("b", { ...configure(2), looksAt: new Set(["memory.used_bytes"]) }),
    [],
  ],
];
for (const [title, one, other, found] of cases)
  test(`of two policies: ${title}`, () => {
    const told = conflictsOf(one, other).map(({ kind, about, policies }) => `${kind} ${about}: ${policies.join(", ")}`);
    assert.deepEqual(told, found);
  });

test("two policies are at odds alike, whichever is looked at first", () => {
  const claims = fc.constantFrom(...cases.flatMap(([, one, other]) => [one, other]));
  fc.assert(
    fc.property(claims, claims, (one, other) => {
      fc.pre(one.name !== other.name);
      assert.deepEqual(conflictsOf(other, one), conflictsOf(one, other));
    }),
  );
});
