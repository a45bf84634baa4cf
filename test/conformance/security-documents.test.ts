import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { scenarios } from "../faults/scenarios.ts";
import { threats } from "../security/threats.ts";
import { repository, textOf } from "./tree.ts";

const documents = ["SECURITY.md", "deploy/security-mapping.md", "deploy/vulnerability-report.md"];
const known = new Set([...threats, ...scenarios].map(({ id }) => id));
const mapping = () => textOf("deploy/security-mapping.md");
/** Provisions, entries and requirements, with what shows each. */
const rows = () =>
  mapping()
    .split("\n")
    .filter((line) => line.startsWith("| ") && !/^\| (provision|entry|requirement) \|/.test(line))
    .map((line) => line.split("|").map((cell) => cell.trim()));

for (const path of documents) {
  test(`every file that ${path} names is there`, () => {
    const named = [...textOf(path).matchAll(/`([\w.-]+(?:\/[\w.-]+)+|[\w-]+\.md)`/g)].map(([, name = ""]) => name);

    assert.deepEqual(
      named.filter((name) => !existsSync(join(repository, name))),
      [],
    );
  });

  test(`every threat and fault that ${path} names is in its list`, () => {
    const ids = [...textOf(path).matchAll(/\b[TF]\d\d[a-z]?\b/g)].map(([id]) => id);

    assert.deepEqual(
      ids.filter((id) => !known.has(id)),
      [],
    );
  });
}

test("every provision of the mapping is shown by a threat, a fault or a file", () => {
  const bare = rows().filter(([, , , shown = ""]) => !/\b[TF]\d\d|`/.test(shown));

  assert.deepEqual(bare, []);
});

test("the mapping holds all thirteen provisions of ETSI EN 303 645, all ten entries of OWASP and all of the act's thirteen and eight", () => {
  const names = rows().map(([, name = ""]) => name);
  const count = (pattern: RegExp) => names.filter((name) => pattern.test(name)).length;

  assert.equal(count(/^5\.\d+ /), 13);
  assert.equal(count(/^I\d+ /), 10);
  assert.equal(count(/^I 2 [a-m]: /), 13);
  assert.deepEqual(names.flatMap((name) => /^II ([\d, ]+):/.exec(name)?.[1]?.split(", ") ?? []).toSorted(), [
    "1",
    "2",
    "3",
    "4",
    "5",
    "6",
    "7",
    "8",
  ]);
});

test("every threat is of use to some provision", () => {
  const used = mapping();

  assert.deepEqual(
    threats.filter(({ id }) => !used.includes(id)).map(({ id }) => id),
    [],
  );
});
