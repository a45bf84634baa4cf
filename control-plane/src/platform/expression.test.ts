import assert from "node:assert/strict";
import { test } from "node:test";
import { seededRandom } from "@edgemere/protocol/simulated";
import { compileExpression, type Vocabulary } from "./expression.ts";
import { Problem } from "./problem.ts";

const vocabulary: Vocabulary = {
  fields: {
    name: "string",
    presence: "string",
    size: "number",
    archived: "bool",
    labels: "map",
    inventory: "map",
    capabilities: "list",
  },
  labels: "labels",
};
const view = {
  name: "gw-1",
  presence: "online",
  size: 2_000,
  archived: false,
  labels: { site: "berlin", role: "gw", slot: "12", owner: "darren", "app.kubernetes.io/name": "edge" },
  inventory: { "os.name": "Debian", "cpu.count": 4, virtual: true },
  capabilities: ["command:ping", "command:exec"],
};

const matches = (text: string, of: Record<string, unknown> = view) => compileExpression(text, vocabulary).matches(of);
const verdicts = (texts: readonly string[]) => texts.map((text) => [text, matches(text)]);
const all = (texts: readonly string[], verdict: boolean) => texts.map((text) => [text, verdict]);
const refusal = (text: string): string => {
  try {
    compileExpression(text, vocabulary);
    return "none";
  } catch (error) {
    assert.ok(error instanceof Problem && error.type === "invalid-input", String(error));
    return error.message;
  }
};

test("words match fields, labels and entries of maps", () => {
  const texts = [
    "site=berlin",
    "site:berlin",
    "owner:darren",
    "site = 'berlin'",
    'site="berlin"',
    "site!=paris",
    "nowhere!=paris",
    "site",
    "!nowhere",
    "not nowhere",
    "!(site=paris)",
    "role in (gw, edge)",
    "role in(gw)",
    "role not in (core,leaf)",
    "role notin (core)",
    "presence=online",
    "size > 1000",
    "size>=2000",
    "size = 2000",
    "slot > 9",
    "slot < 100",
    "archived=false",
    "!archived",
    "inventory.os.name=Debian",
    "inventory.cpu.count=4",
    "inventory.cpu.count >= 2.5",
    "inventory.virtual=true",
    "labels.site=berlin",
    "capabilities=command:ping",
    "capabilities!=command:reboot",
    "capabilities in (command:ping,command:reboot)",
    "app.kubernetes.io/name=edge",
    "name > a",
    "site=berlin, role in (gw,edge)",
    "site=paris or role=gw and presence=online",
    "site=berlin, site=paris or role=gw",
    "kind=log or (site=berlin and not role=core)",
    "not not site",
  ];

  assert.deepEqual(verdicts(texts), all(texts, true));
});

test("words do not match what is absent, other or of another kind", () => {
  const texts = [
    "site=paris",
    "nowhere",
    "nowhere=x",
    "nowhere > 1",
    "site > 5",
    "!site",
    "role in (core)",
    "size < 2000",
    "archived",
    "capabilities=ping",
    "site=paris, role=gw",
    "site=paris, site=berlin or role=gw",
    "constructor",
    "__proto__",
    "toString",
    "labels.constructor",
    "inventory.__proto__.x=1",
  ];

  assert.deepEqual(verdicts(texts), all(texts, false));
});

test("CEL matches over typed fields", () => {
  const texts = [
    'presence == "online"',
    'presence == "online" && inventory["os.name"] == "Debian"',
    'labels.site == "berlin" || labels.nowhere == "x"',
    'labels.nowhere == "x" || labels.site == "berlin"',
    'labels["app.kubernetes.io/name"] == "edge"',
    '"command:ping" in capabilities',
    'capabilities.exists(c, c.startsWith("command:"))',
    "size == 2000",
    "size != 1",
    "size > 1000 && size < 2000.5",
    "size / 1000 == 2.0",
    'inventory["cpu.count"] >= 4',
    'inventory["cpu.count"] == 4',
    "has(labels.site)",
    "!has(labels.nowhere)",
    '"site" in labels',
    'name.contains("gw") ? !archived : false',
    'labels.site in ["berlin", "paris"]',
  ];

  assert.deepEqual(verdicts(texts), all(texts, true));
});

test("CEL does not match when a value is missing or of another kind", () => {
  const texts = [
    'labels.nowhere == "x"',
    'true && labels.nowhere != "x"',
    '!(labels.nowhere == "x")',
    "labels.site > 5",
    'inventory["cpu.count"].startsWith("4")',
    "has(labels.constructor)",
    '"__proto__" in labels',
    'labels["constructor"] != "x"',
  ];

  assert.deepEqual(verdicts(texts), all(texts, false));
  assert.equal(matches('presence == "online"', {}), false);
  assert.equal(matches("size > 1 && true", { size: "2" }), false);
});

test("a mistake in words is told with its place", () => {
  assert.equal(refusal("site="), 'expected a value for "site", not the end, at line 1, column 6 of "site="');
  assert.equal(
    refusal("site=a b"),
    'expected "and", "or", a comma or the end, not "b", at line 1, column 8 of "site=a b"',
  );
  assert.equal(refusal(""), 'expected a name, "not" or "(", not the end, at line 1, column 1 of ""');
  assert.equal(refusal("(site=a"), 'expected ")", not the end, at line 1, column 8 of "(site=a"');
  assert.equal(refusal("site in a"), 'expected "(", not "a", at line 1, column 9 of "site in a"');
  assert.equal(refusal("size > big"), '"size" is a number and "big" is none, at line 1, column 8 of "size > big"');
  assert.equal(refusal("archived=no"), '"archived" is true or false, not "no", at line 1, column 10 of "archived=no"');
  assert.match(refusal("labels=x"), /"labels" is a map; write labels.key=value/);
  assert.match(refusal("a=1,\nb=2 and"), /expected a name, not the end, at line 2, column 8|line 2, column 8/);
});

test("an unknown field in CEL is told with its place and the known fields", () => {
  assert.equal(
    refusal('presense == "online"'),
    'there is no field "presense"; the fields are: name, presence, size, archived, labels, inventory, capabilities, at line 1, column 1 of "presense == "online""',
  );
  assert.match(refusal('size > 1 &&\n  nme == "x"'), /there is no field "nme".*line 2, column 3/);
});

test("CEL is checked against the kinds of the fields", () => {
  assert.match(refusal('size == "big"'), /no such overload: double == string/);
  assert.match(refusal("name == 3 && size > 1"), /no such overload: string == int/);
  assert.match(refusal("size + 1 == 2 ? size : 1.0"), /gives a double; it must give true or false/);
  assert.match(refusal('name == "a" &&'), /Unexpected token: EOF.*line 1, column 15/);
});

test("an expression that could cost more than its length shows is refused", () => {
  assert.match(refusal('name.matches("(a+)+$")'), /matches\(\) is not available here; there are has, size/);
  assert.match(refusal('name.split("").join("aaaa") == "x"'), /join\(\) is not available|split\(\) is not available/);
  assert.match(refusal("cel.bind(a, name + name, a + a) == name"), /bind\(\) is not available/);
  assert.match(
    refusal("capabilities.all(a, capabilities.exists(b, a == b))"),
    /exists\(\) may not stand inside another loop/,
  );
  assert.match(refusal("(".repeat(500)), /more than 32 levels/);
  assert.match(refusal("!".repeat(2_000)), /more than 32 levels/);
  assert.match(refusal("[".repeat(500)), /maxDepth|expected a name/);
  assert.match(refusal("a".repeat(3_000)), /at most 2048 characters, not 3000/);
});

/** A random condition in words, and what it must give. */
function someCondition(random: () => number, depth: number): { text: string; verdict: boolean } {
  const pick = <T>(...of: readonly T[]): T => of[Math.floor(random() * of.length)] as T;
  const [left, right] = depth > 0 ? [someCondition(random, depth - 1), someCondition(random, depth - 1)] : [];
  if (left === undefined || right === undefined)
    return pick(
      { text: "site=berlin", verdict: true },
      { text: "nowhere", verdict: false },
      { text: "size > 1000", verdict: true },
      { text: "role in (core, 'leaf node')", verdict: false },
      { text: "!archived", verdict: true },
    );
  return pick(
    { text: `(${left.text} and ${right.text})`, verdict: left.verdict && right.verdict },
    { text: `(${left.text} or ${right.text})`, verdict: left.verdict || right.verdict },
    { text: `(${left.text}, ${right.text})`, verdict: left.verdict && right.verdict },
    { text: `not (${left.text})`, verdict: !left.verdict },
    { text: `( ${left.text} )`, verdict: left.verdict },
  );
}

test("a composed condition gives what its parts give", () => {
  const random = seededRandom(1);
  const conditions = Array.from({ length: 500 }, () => someCondition(() => random.next(), 5));
  const short = conditions.filter(({ text }) => text.length <= 2_048);

  assert.deepEqual(
    short.map(({ text }) => matches(text)),
    short.map(({ verdict }) => verdict),
  );
  assert.ok(short.length > 100);
});

test("whatever is written, it compiles or is refused as invalid input", () => {
  const random = seededRandom(2);
  const pieces =
    'site = ( ) , : ! && || == "x" in [ ] and or not size > 1 . name \' " \n { } ? has( labels 9e9 é \\ ::'.split(" ");
  const texts = Array.from({ length: 3_000 }, () =>
    Array.from(
      { length: 1 + Math.floor(random.next() * 9) },
      () => pieces[Math.floor(random.next() * pieces.length)],
    ).join(random.next() < 0.5 ? " " : ""),
  );

  const refused = texts.map(refusal).filter((message) => message !== "none");

  assert.ok(refused.length > 1_000 && refused.length < texts.length);
  assert.deepEqual(
    refused.filter((message) => !/line \d+, column \d+ of/.test(message)),
    [],
  );
});
