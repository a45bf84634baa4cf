import assert from "node:assert/strict";
import test from "node:test";
import { findByWords, shortName, type Addressed } from "./address.ts";

const entries = [
  "status",
  "cpl dm device list",
  "cpl dm device find",
  "cpl dm device release",
  "cpl dm release find",
  "cpl dm job explain",
  "cpl dm token create",
  "diml find",
  "diml dml do reserve",
  "ia token create",
  "ia whoami",
].map((name): Addressed & { readonly name: string } => ({ name, words: name.split(" ") }));
const whole = { name: "context list", words: ["context", "list"], isWhole: true } as const;
const explanation = { name: "explain device", words: ["explain", "device"], isWhole: true } as const;

const meaning = (typed: string) => {
  const found = findByWords([...entries, whole, explanation], typed.split(" "));
  switch (found.kind) {
    case "one":
      return [found.entry.name, ...found.rest].join(" | ");
    case "group":
      return `group ${found.words.join(" ")}`;
    case "several":
      return `several: ${found.candidates.join(", ")}`;
    case "none":
      return `none: ${found.near.join(", ")}`;
  }
};

const meanings: readonly (readonly [typed: string, meaning: string])[] = [
  ["cpl dm device list", "cpl dm device list"],
  ["device list", "cpl dm device list"],
  ["list", "cpl dm device list"],
  ["Device LIST", "cpl dm device list"],
  ["device find gw-1", "cpl dm device find | gw-1"],
  ["device find Gw-1", "cpl dm device find | Gw-1"],
  ["reserve", "diml dml do reserve"],
  ["status", "status"],
  ["find owner:darren", "diml find | owner:darren"],
  ["token create", "several: cpl dm token create, ia token create"],
  ["dm token create", "cpl dm token create"],
  ["context list", "context list"],
  ["device", "group cpl dm device"],
  ["cpl", "group cpl"],
  ["token", "several: cpl dm token, ia token"],
  ["devise list", "none: cpl dm device list"],
  ["release", "several: cpl dm device release, cpl dm release"],
  ["release gw-1", "cpl dm device release | gw-1"],
  ["explain", "group explain"],
  ["explain device", "explain device"],
  ["xyzzy", "none: "],
];
for (const [typed, expected] of meanings)
  test(`"${typed}" means ${expected}`, () => {
    assert.equal(meaning(typed), expected);
  });

const shortNames: readonly (readonly [name: string, short: string])[] = [
  ["status", "status"],
  ["diml find", "find"],
  ["ia whoami", "whoami"],
  ["cpl dm device list", "device list"],
  ["cpl dm token create", "dm token create"],
  ["ia token create", "ia token create"],
];
for (const [name, short] of shortNames)
  test(`"${name}" is called "${short}" for short`, () => {
    assert.equal(
      shortName(
        entries,
        entries.find((each) => each.name === name)!,
      ),
      short,
    );
  });
