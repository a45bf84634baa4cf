import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { compareVersions, isVersion } from "./version-order.ts";

// The order that semver.org gives as its example, and its numbers.
const inOrder =
  "1.0.0-alpha 1.0.0-alpha.1 1.0.0-alpha.beta 1.0.0-beta 1.0.0-beta.2 1.0.0-beta.11 1.0.0-rc.1 1.0.0 1.9.0 1.10.0 2.0.0".split(
    " ",
  );

test("versions come in the order of semver.org", () => {
  assert.deepEqual(inOrder.toReversed().sort(compareVersions), inOrder);
});

test("what was built otherwise is no other version", () => {
  assert.equal(compareVersions("1.0.0+one", "1.0.0+two"), 0);
});

for (const text of [
  "",
  "1",
  "1.2",
  "01.2.3",
  "1.2.3-",
  "1.2.3-01",
  "v1.2.3",
  "1.2.3 ",
  "1.2.3-a..b",
  `1.2.3-${"a".repeat(200)}`,
]) {
  test(`${JSON.stringify(text.slice(0, 20))} is no version, and older than every version`, () => {
    assert.equal(isVersion(text), false);
    assert.ok(compareVersions(text, "0.0.0-0") < 0);
  });
}

test("of any versions each is older than, newer than or the same as each other, all in one order", () => {
  const word = fc.constantFrom("0", "1", "10", "a", "a1", "-");
  const version = fc
    .tuple(fc.nat(3), fc.nat(3), fc.nat(12), fc.array(word, { maxLength: 3 }))
    .map(([a, b, c, words]) => `${a}.${b}.${c}${words.length > 0 ? `-${words.join(".")}` : ""}`);
  fc.assert(
    fc.property(version, version, version, (one, other, third) => {
      assert.equal(Math.sign(compareVersions(one, other)), -Math.sign(compareVersions(other, one)) || 0);
      if (compareVersions(one, other) <= 0 && compareVersions(other, third) <= 0)
        assert.ok(compareVersions(one, third) <= 0);
      assert.equal(compareVersions(one, other) === 0, one === other);
    }),
  );
});
