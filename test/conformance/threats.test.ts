import assert from "node:assert/strict";
import { test } from "node:test";
import { accountOf, verdictOn, type Entry } from "../security/account.ts";
import { threats, type Threat } from "../security/threats.ts";
import { idsIn, titlesIn } from "../security/titles.ts";
import { filesBelow, textOf } from "./tree.ts";

const ids = threats.map(({ id }) => id);
const titles = filesBelow("test/security")
  .filter((path) => path.endsWith(".test.ts"))
  .flatMap((path) => titlesIn(textOf(path)).map((title) => ({ path, title })));

test("the threats are numbered from T01 to T41", () => {
  assert.deepEqual(
    ids,
    Array.from({ length: 41 }, (_, index) => `T${String(index + 1).padStart(2, "0")}`),
  );
});

test("every threat has a test", () => {
  const tested = new Set(titles.flatMap(({ title }) => idsIn(title)));

  assert.deepEqual(
    ids.filter((id) => !tested.has(id)),
    [],
  );
});

test("every title among the attacks begins with the id of a threat that there is", () => {
  const strangers = titles.filter(
    ({ title }) => idsIn(title).length === 0 || !idsIn(title).every((id) => ids.includes(id)),
  );

  assert.deepEqual(strangers, []);
});

test("the ids of a title are those it begins with", () => {
  assert.deepEqual(idsIn("T04 T05 a device like T06 hears nothing"), ["T04", "T05"]);
  assert.deepEqual(idsIn("a device like T06 hears nothing"), []);
  assert.deepEqual(idsIn("T4 a device hears nothing"), []);
});

test("a title is read from wherever a test is declared, and from a template up to its first part", () => {
  const text = [
    'test("T01 one", …',
    "  test(",
    "    `T02 two ${kind}`,",
    "test('T03 it\"s', …",
    'await t.test("inner"',
  ];

  assert.deepEqual(titlesIn(text.join("\n")), ["T01 one", "T02 two ", 'T03 it"s']);
});

const threat = threats.find(({ id }) => id === "T01") as Threat;
const entry = (outcome: Entry["outcome"], title: string, reason = "no reason given"): Entry => ({
  outcome,
  title,
  reason,
  seconds: 1,
  file: "/ring/signed.test.js",
});

for (const [entries, result] of [
  [[], "no test"],
  [[entry("passed", "T02 another")], "no test"],
  [[entry("passed", "T01 one"), entry("passed", "T02 T01 two")], "passed"],
  [[entry("passed", "T01 one"), entry("skipped", "T01 two")], "skipped"],
  [[entry("passed", "T01 one"), entry("skipped", "T01 two"), entry("failed", "T01 three")], "failed"],
] as const)
  test(`of ${entries.map(({ outcome }) => outcome).join(", ") || "nothing"} the verdict is "${result}"`, () => {
    assert.equal(verdictOn(threat, entries).result, result);
  });

test("the account names file, seconds and why a threat was skipped, and counts", () => {
  const verdicts = [verdictOn(threat, [entry("passed", "T01 one"), entry("skipped", "T01 two", "no broker")])];

  const account = accountOf([...verdicts, verdictOn({ ...threat, id: "T18" }, [])]);

  assert.match(account, /^T01 +skipped; .*no broker +2\.0 +signed\.test\.ts +a broker/m);
  assert.match(account, /^T18 +no test +a broker/m);
  assert.match(account, /^0 of 2 attacks .* 0 did not, 1 skipped, 1 without a test$/m);
});
