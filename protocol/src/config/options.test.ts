import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test, type TestContext } from "node:test";
import { nearest, optionsHelp, readOptions, variableOf, type Options, type Values } from "./options.ts";
import { duration, pair, wholeNumber } from "./values.ts";

const text = (value: string) => value;
const options = {
  config: { takes: "FILE", about: "File with any of these options", read: text },
  name: { takes: "NAME", about: "What it is called", read: text },
  every: { takes: "TIME", about: "How often", fallback: "10s", read: duration(1, 1_000_000) },
  "page-size": { takes: "N", about: "How many on a page", fallback: "50", read: wholeNumber(1, 500) },
  label: { takes: "KEY=VALUE", about: "A label", repeatable: true, read: pair },
} satisfies Options;

const read = (argv: readonly string[], environment: Readonly<Record<string, string>> = {}): Values<typeof options> =>
  readOptions(options, { argv, environment, prefix: "TRY_", program: "try" });

function fileWith(t: TestContext, content: string): string {
  const folder = mkdtempSync(join(tmpdir(), "edgemere-options-"));
  t.after(() => rmSync(folder, { recursive: true }));
  const path = join(folder, "try.yaml");
  writeFileSync(path, content);
  return path;
}

test("without a word the defaults hold, and what has none is not there", () => {
  assert.deepEqual(read([]), { config: undefined, name: undefined, every: 10_000, "page-size": 50, label: [] });
});

test("the command line wins over the environment, that over the file, and that over the default", (t) => {
  const file = fileWith(t, "every: 1s\npage-size: 10\nname: of the file\n");

  const values = read(["--config", file, "--every", "3s"], { TRY_EVERY: "2s", TRY_PAGE_SIZE: "20" });

  assert.deepEqual([values.every, values["page-size"], values.name], [3_000, 20, "of the file"]);
});

test("the file may be named by the environment, and the command line's file wins", (t) => {
  const [one, other] = [fileWith(t, "name: one"), fileWith(t, "name: other")];

  assert.equal(read([], { TRY_CONFIG: one }).name, "one");
  assert.equal(read(["--config", other], { TRY_CONFIG: one }).name, "other");
});

test("of a flag that is given twice the last one counts, unless it may be repeated", () => {
  const values = read(["--name", "a", "--label", "x=1", "--name=b", "--label=y=2"]);

  assert.equal(values.name, "b");
  assert.deepEqual(values.label, [
    ["x", "1"],
    ["y", "2"],
  ]);
});

const twoLabels = [
  ["x", "1"],
  ["y", "2"],
];
test("what may be repeated is separated by commas in the environment", () => {
  assert.deepEqual(read([], { TRY_LABEL: "x=1, y=2" }).label, twoLabels);
});

for (const content of ["label: [x=1, y=2]", "label:\n  - x=1\n  - y=2", "label:\n  x: 1\n  y: 2"]) {
  test(`what may be repeated is written in the file as ${JSON.stringify(content)}`, (t) => {
    assert.deepEqual(read(["--config", fileWith(t, content)]).label, twoLabels);
  });
}

test("what one place says of a repeatable option replaces what a weaker one says", (t) => {
  const file = fileWith(t, "label: [a=1, b=2]");

  assert.deepEqual(read(["--config", file, "--label", "x=1", "--label", "y=2"]).label, twoLabels);
});

test("an empty file says nothing, and an empty variable says nothing", (t) => {
  assert.equal(read(["--config", fileWith(t, "# nothing yet\n")], { TRY_EVERY: "" }).every, 10_000);
});

test("a variable that does not start with the prefix is somebody else's", () => {
  assert.equal(read([], { PATH: "/bin", EVERY: "1s", TRY: "1s" }).every, 10_000);
});

const refused: Readonly<Record<string, readonly [readonly string[], Readonly<Record<string, string>>, RegExp]>> = {
  "a misspelt flag": [["--evry", "1s"], {}, /^unknown option --evry\. Did you mean --every\?$/],
  "a flag that is like none": [["--zzzzzz", "1s"], {}, /^unknown option --zzzzzz\. See try --help\.$/],
  "a flag named like a part of every object": [["--toString", "1"], {}, /^unknown option --toString\./],
  "a flag without its value": [["--every"], {}, /^--every needs a value: --every TIME$/],
  "a flag where another's value should be": [
    ["--every", "--label", "a=b"],
    {},
    /^--every needs a value: --every TIME$/,
  ],
  "a word beside the flags": [["--every", "1s", "now"], {}, /^"now" is one word too many\. See try --help\.$/],
  "a word after two dashes": [["--", "now"], {}, /^"now" is one word too many/],
  "a short flag": [["-e", "1s"], {}, /^unknown option -e\./],
  "a bad value on the command line": [["--every", "soon"], {}, /^--every: "soon" is not a duration such as/],
  "a bad value in the environment": [[], { TRY_PAGE_SIZE: "501" }, /^TRY_PAGE_SIZE: "501" is too large: at most 500$/],
  "a bad value in the middle of a list": [[], { TRY_LABEL: "x=1,y" }, /^TRY_LABEL: "y" is not written as key=value$/],
  "a misspelt variable": [[], { TRY_EVRY: "1s" }, /^unknown variable TRY_EVRY\. Did you mean TRY_EVERY\?$/],
  "a file that is not there": [
    ["--config", "/nonexistent.yaml"],
    {},
    /^the file given by --config cannot be read: ENOENT/,
  ],
};
for (const [what, [argv, environment, message]] of Object.entries(refused)) {
  test(`${what} is refused with a word on what would be right`, () => {
    assert.throws(() => read(argv, environment), { name: "ConfigError", message });
  });
}

const refusedFiles: Readonly<Record<string, RegExp>> = {
  "evry: 1s": /^unknown key evry in .*try\.yaml\. Did you mean every\?$/,
  "config: other.yaml": /^unknown key config in /,
  "toString: x": /^unknown key toString in /,
  "__proto__: {every: 1s}": /^unknown key __proto__ in /,
  "every: soon": /^every in .*try\.yaml: "soon" is not a duration/,
  "every: [1s, 2s]": /^every in .*try\.yaml must be a single value$/,
  "name: {first: a}": /^name in .*try\.yaml must be a single value$/,
  "label: [[x]]": /^label in .*try\.yaml must be a single value$/,
  "name:": /^name in .*try\.yaml must be a single value$/,
  "- a list": /must consist of lines such as "sample: 10s"$/,
  "just a word": /must consist of lines such as "sample: 10s"$/,
  "name: [a": /try\.yaml is no valid YAML: /,
  "name: a\nname: b": /try\.yaml is no valid YAML: Map keys must be unique/,
};
for (const [content, message] of Object.entries(refusedFiles)) {
  test(`a file with ${JSON.stringify(content)} is refused, and the file is named`, (t) => {
    assert.throws(() => read(["--config", fileWith(t, content)]), { name: "ConfigError", message });
  });
}

test("the help shows every option with what it takes and its default", () => {
  const lines = optionsHelp(options).split("\n");

  assert.equal(lines.length, Object.keys(options).length);
  assert.match(lines[2] ?? "", /^ {2}--every TIME {13}How often \[10s\]$/);
  assert.match(lines[4] ?? "", /A label \(repeatable\)$/);
});

test("a variable is its option in capitals, with the prefix before it", () => {
  assert.equal(variableOf("TRY_", "page-size"), "TRY_PAGE_SIZE");
});

test("the nearest word is found when it is a slip away, and not when it is another word", () => {
  const known = ["sample", "spool", "report"];

  assert.equal(nearest("smaple", known), "sample");
  assert.equal(nearest("spoool", known), "spool");
  assert.equal(nearest("x", known), undefined);
  assert.equal(nearest("colour", known), undefined);
  assert.equal(nearest("report", []), undefined);
});
