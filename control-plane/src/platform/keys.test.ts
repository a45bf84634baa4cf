import assert from "node:assert/strict";
import { test } from "node:test";
import * as fc from "fast-check";
import { keyOf, lastPart, partsOf, rangeOf, type KeyPart } from "./keys.ts";

const aWord = fc.oneof(
  fc.string({ unit: "binary", maxLength: 6 }),
  // Words of the characters with which keys are made.
  fc.string({ unit: fc.constantFrom("\u0000", "\u0001", "\u0002", "a", "\uffff"), maxLength: 6 }),
);
const aNumber = fc.oneof(fc.double({ noNaN: true }), fc.integer(), fc.constantFrom(0, -0, 1, -1));
const aPart: fc.Arbitrary<KeyPart> = fc.oneof(aWord, aNumber, fc.boolean());
const someParts = fc.array(aPart, { minLength: 1, maxLength: 4 });

const byBytes = (one: string, other: string) => Math.sign(Buffer.compare(Buffer.from(one), Buffer.from(other)));
const rank = { boolean: 0, number: 1, string: 2 };
function byPart(one: KeyPart, other: KeyPart): number {
  const kind = (part: KeyPart) => rank[typeof part as keyof typeof rank];
  if (kind(one) !== kind(other)) return Math.sign(kind(one) - kind(other));
  if (typeof one === "string") return byBytes(one, other as string);
  if (Object.is(one, other)) return 0;
  if (one === other) return Object.is(one, -0) ? -1 : 1;
  return one < other ? -1 : 1;
}
function byParts(one: readonly KeyPart[], other: readonly KeyPart[]): number {
  const differing = one.findIndex((part, i) => other[i] === undefined || byPart(part, other[i]) !== 0);
  if (differing === -1) return Math.sign(one.length - other.length);
  const theirs = other[differing];
  return theirs === undefined ? 1 : byPart(one[differing] as KeyPart, theirs);
}

test("keys sort like their parts, first part first", () => {
  fc.assert(
    fc.property(someParts, someParts, (one, other) => {
      assert.equal(byBytes(keyOf(...one), keyOf(...other)), byParts(one, other));
    }),
    { numRuns: 2_000 },
  );
});

test("numbers sort by value: below zero, fractions, large ones and infinities", () => {
  const numbers = [-Infinity, -1e300, -10, -9, -0.5, 0, 5e-324, 0.5, 9, 10, 2 ** 53, 1e300, Infinity];
  const keys = numbers.map((number) => keyOf(number));

  assert.deepEqual(keys, keys.toSorted());
});

test("different parts have different keys", () => {
  fc.assert(
    fc.property(someParts, someParts, (one, other) => {
      fc.pre(byParts(one, other) !== 0);

      assert.notEqual(keyOf(...one), keyOf(...other));
    }),
  );
});

test("the range of some parts holds exactly the keys that start with them, whatever somebody writes into a part", () => {
  const isWithin = (key: string, prefix: readonly KeyPart[]) => {
    const { gte, lt } = rangeOf(...prefix);
    return byBytes(key, gte) >= 0 && byBytes(key, lt) < 0;
  };
  const startsWith = (parts: readonly KeyPart[], prefix: readonly KeyPart[]) =>
    prefix.every((part, i) => Object.is(parts[i], part));

  fc.assert(
    fc.property(someParts, someParts, (parts, prefix) => {
      assert.equal(isWithin(keyOf(...parts), prefix), startsWith(parts, prefix));
      assert.ok(isWithin(keyOf(...prefix, ...parts), prefix));
    }),
    { numRuns: 2_000 },
  );
});

test("a word that begins like another is not in the other's range", () => {
  const { gte, lt } = rangeOf("row", "device");

  const inside = ["device", "devices", "devic"]
    .map((word) => keyOf("row", word, "1"))
    .filter((key) => key >= gte && key < lt);

  assert.deepEqual(inside, [keyOf("row", "device", "1")]);
});

test("the last part of a key is read back as it was", () => {
  fc.assert(
    fc.property(fc.array(aPart, { maxLength: 3 }), aWord, (parts, last) => {
      assert.equal(lastPart(keyOf(...parts, last)), last);
    }),
    { numRuns: 2_000 },
  );
});

test("all parts of a key are read back as they were", () => {
  fc.assert(
    fc.property(fc.array(aPart, { minLength: 1, maxLength: 4 }), (parts) => {
      assert.deepEqual(partsOf(keyOf(...parts)), parts);
    }),
    { numRuns: 2_000 },
  );
});
