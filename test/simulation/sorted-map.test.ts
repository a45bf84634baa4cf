import assert from "node:assert/strict";
import { test } from "node:test";
import { memoryDatabase } from "@edgemere/control-plane";
import fc from "fast-check";
import { SortedMap } from "./sorted-map.ts";

const key = fc.string({ unit: fc.constantFrom("a", "b", "\u0000"), maxLength: 6 });
const change = fc.record({ key, isPut: fc.boolean() });
const range = fc
  .tuple(
    fc.oneof(fc.record({ gte: key }), fc.record({ gt: key }), fc.constant({})),
    fc.oneof(fc.record({ lt: key }), fc.record({ lte: key }), fc.constant({})),
    fc.record({ reverse: fc.boolean(), limit: fc.integer({ min: 0, max: 9 }) }, { requiredKeys: [] }),
  )
  .map(([lower, upper, rest]) => ({ ...lower, ...upper, ...rest }));

test("a sorted map gives the keys of every range as the database does that it stands for", async () => {
  const property = fc.asyncProperty(fc.array(change, { maxLength: 60 }), range, async (changes, asked) => {
    const [map, database] = [new SortedMap<Uint8Array>(), memoryDatabase()];
    for (const { key: at, isPut } of changes) {
      const value = new Uint8Array([at.length]);
      if (isPut) map.set(at, value);
      else map.delete(at);
      await database.batch([isPut ? { type: "put", key: at, value } : { type: "del", key: at }]);
    }
    const expected: string[] = [];
    for await (const each of database.keys(asked)) expected.push(each);

    assert.deepEqual(map.keys(asked), expected);
    for (const each of expected) assert.deepEqual(map.get(each), await database.get(each));
  });
  await fc.assert(property, { numRuns: 200 });
});

test("a sorted map of many keys stays sorted while they come and go", () => {
  const map = new SortedMap<number>();
  const left = new Set<string>();
  for (let i = 0; i < 20_000; i++) {
    const name = String((i * 7_919) % 10_007).padStart(5, "0");
    if (i % 3 === 2) map.delete(name);
    else map.set(name, i);
    if (i % 3 === 2) left.delete(name);
    else left.add(name);
  }

  assert.deepEqual(map.keys({}), [...left].sort());
  assert.deepEqual(
    map.keys({ gt: "05000", limit: 3 }),
    [...left]
      .sort()
      .filter((each) => each > "05000")
      .slice(0, 3),
  );
  assert.equal(map.size, left.size);
});
