import assert from "node:assert/strict";
import test from "node:test";
import fc from "fast-check";
import { changesBetween, faultIn, findPackage, isLocked, knownPackages, planIn } from "./package-texts.ts";

test("dpkg's words for a package's state are read for what they mean", () => {
  const rows = ["a ii", "b rc", "c iU", "d iF", "e iHR", "f iW", "g un", "h it", "i hi"];
  const known = knownPackages(rows.map((row) => `${row.slice(0, 1)}\t1.0\t${row.slice(2).padEnd(3)}`).join("\n"));

  const having = (what: "isInstalled" | "isBroken") =>
    [...known].filter(([, each]) => each[what]).map(([name]) => name);
  assert.deepEqual(
    [having("isInstalled"), having("isBroken")],
    [
      ["a", "f", "h", "i"],
      ["c", "d", "e"],
    ],
  );
});

test("what did not change is in no list of changes, and what changed is there once with both versions", () => {
  const state = fc.constantFrom("ii ", "rc ", "iU ", "un ");
  const packages = fc
    .uniqueArray(fc.tuple(fc.constantFrom("a", "b", "c", "d"), fc.constantFrom("1", "2"), state), {
      selector: ([name]) => name,
    })
    .map((rows) => knownPackages(rows.map((row) => row.join("\t")).join("\n")));
  fc.assert(
    fc.property(packages, packages, (before, after) => {
      const changes = changesBetween(before, after);

      assert.deepEqual(changesBetween(before, before), []);
      assert.equal(new Set(changes.map(({ name }) => name)).size, changes.length);
      assert.ok(changes.every((each) => each.before !== each.after));
      assert.deepEqual(
        changesBetween(after, before).map((each) => [each.after, each.before]),
        changes.map((each) => [each.before, each.after]),
      );
    }),
  );
});

test("a simulated run says what would come and what would go", () => {
  const text = "Remv nginx [1.22.1-9]\nPurg old:i386 [1]\nInst new (2 stable [all])\nConf new (2 stable [all])";

  assert.deepEqual(planIn(text), { removes: ["nginx", "old:i386"], installs: ["new"] });
});

for (const [name, version] of [
  ["libc6", "1"],
  ["libc6:amd64", "1"],
  ["bash", "2"],
  ["bash:amd64", "2"],
  ["lib", undefined],
  ["ba.h", undefined],
] as const) {
  test(`the name ${name} finds ${version === undefined ? "no package" : `the package of version ${version}`}`, () => {
    const packages = knownPackages("libc6:amd64\t1\tii \nbash\t2\tii ");

    assert.equal(findPackage(packages, name)?.version, version);
  });
}

for (const [text, isHeld] of [
  ["E: Could not get lock /var/lib/dpkg/lock-frontend. It is held by process 1 (apt-get)", true],
  ["E: Unable to lock directory /var/lib/apt/lists/", true],
  ["dpkg: error: dpkg frontend lock was locked by another process with pid 7", true],
  ["dpkg: error: dpkg frontend lock is locked by another process", true],
  ["Setting up lockfile-progs", false],
] as const) {
  test(`"${text}" ${isHeld ? "says" : "does not say"} that another program works on packages`, () => {
    assert.equal(isLocked(text), isHeld);
  });
}

for (const [text, reason, words] of [
  ["Reading…\nE: Unable to locate package nope", "not-found", "E: Unable to locate package nope"],
  ["E: Package 'a' has no installation candidate", "not-found", "E: Package 'a' has no installation candidate"],
  [
    "dpkg: error: requested operation requires superuser privilege",
    "not-allowed",
    "dpkg: error: requested operation requires superuser privilege",
  ],
  ["E: Held packages were changed and -y was used", "not-allowed", "E: Held packages were changed and -y was used"],
  ["one\n\ntwo", "failed", "one\ntwo"],
  ["", "failed", "it did not say why"],
] as const) {
  test(`apt that ends with "${text}" ${reason === "failed" ? "failed" : `failed as ${reason}`}`, () => {
    assert.deepEqual(faultIn(text), { reason, words });
  });
}
