import assert from "node:assert/strict";
import { test } from "node:test";
import * as fc from "fast-check";
import { aFolder, databases } from "./database.test-support.ts";
import { rawLevelDatabase, type Database, type Operation, type Range } from "./database.ts";
import { CannotOpenStore, levelDatabase } from "./level-database.ts";

const bytes = (text: string) => new Uint8Array(Buffer.from(text));
const text = (value: Uint8Array | undefined) => value && Buffer.from(value).toString();
const put = (key: string, value = `value of ${key}`): Operation => ({ type: "put", key, value: bytes(value) });
const del = (key: string): Operation => ({ type: "del", key });
const keysOf = async (database: Database, range: Range = {}) => {
  const keys: string[] = [];
  for await (const key of database.keys(range)) keys.push(key);
  return keys;
};
const byBytes = (one: string, other: string) => Buffer.compare(Buffer.from(one), Buffer.from(other));

for (const [name, open] of Object.entries(databases)) {
  test(`${name} gives back what was put, and undefined where there is nothing`, async (t) => {
    const database = await open(t);

    await database.batch([put("a"), put("empty", "")]);

    assert.equal(text(await database.get("a")), "value of a");
    assert.equal(text(await database.get("empty")), "");
    assert.equal(await database.get("b"), undefined);
    assert.deepEqual((await database.getMany(["empty", "b", "a"])).map(text), ["", undefined, "value of a"]);
  });

  test(`a batch on ${name} replaces and removes, in its order, and removing nothing is no error`, async (t) => {
    const database = await open(t);
    await database.batch([put("a"), put("b"), put("c")]);

    await database.batch([put("a", "new"), del("b"), put("c"), del("c"), del("nothing"), del("d"), put("d")]);

    assert.deepEqual(await keysOf(database), ["a", "d"]);
    assert.equal(text(await database.get("a")), "new");
  });

  test(`an empty batch on ${name} is a batch`, async (t) => {
    const database = await open(t);

    await assert.doesNotReject(database.batch([]));
  });

  const ranges: readonly (readonly [string, Range, readonly string[]])[] = [
    ["everything", {}, ["a", "b", "c", "d"]],
    ["from one on", { gte: "b" }, ["b", "c", "d"]],
    ["after one", { gt: "b" }, ["c", "d"]],
    ["below one", { lt: "c" }, ["a", "b"]],
    ["up to one", { lte: "c" }, ["a", "b", "c"]],
    ["between two that are not there", { gte: "aa", lt: "cc" }, ["b", "c"]],
    ["backwards", { gte: "b", reverse: true }, ["d", "c", "b"]],
    ["the last two", { reverse: true, limit: 2 }, ["d", "c"]],
    ["the first of a part", { gt: "a", limit: 1 }, ["b"]],
    ["nothing", { gte: "x" }, []],
  ];
  for (const [what, range, expected] of ranges) {
    test(`${name} walks over ${what}`, async (t) => {
      const database = await open(t);
      await database.batch([put("c"), put("a"), put("d"), put("b")]);

      assert.deepEqual(await keysOf(database, range), expected);
    });
  }

  test(`entries of ${name} are keys with their values`, async (t) => {
    const database = await open(t);
    await database.batch([put("a", "1"), put("b", "2")]);
    const entries: unknown[] = [];

    for await (const [key, value] of database.entries({ gte: "b" })) entries.push([key, text(value)]);

    assert.deepEqual(entries, [["b", "2"]]);
  });

  test(`a walk over ${name} sees what was there when it began`, async (t) => {
    const database = await open(t);
    await database.batch([put("a"), put("c")]);
    const seen: string[] = [];

    for await (const key of database.keys({})) {
      seen.push(key);
      await database.batch([put("b"), del("c")]);
    }

    assert.deepEqual(seen, ["a", "c"]);
  });

  test(`whatever its words, ${name} keeps keys in the order of their bytes`, async (t) => {
    const database = await open(t);
    const word = fc.string({ unit: "binary", minLength: 1, maxLength: 8 });

    await fc.assert(
      fc.asyncProperty(fc.uniqueArray(word), async (words) => {
        await database.batch((await keysOf(database)).map(del));
        await database.batch(words.map((each) => put(each)));

        assert.deepEqual(await keysOf(database), words.toSorted(byBytes));
      }),
      { numRuns: 50 },
    );
  });
}

test("what LevelDB acknowledged is there when it is opened again", async (t) => {
  const folder = aFolder(t);
  const before = await rawLevelDatabase(folder);
  await before.batch([put("a"), put("b")]);
  await before.batch([del("b")]);
  await before.close();

  const after = await rawLevelDatabase(folder);
  t.after(() => after.close());

  assert.deepEqual(await keysOf(after), ["a"]);
});

test("a folder that another has open is refused as locked", async (t) => {
  const folder = aFolder(t);
  const database = await levelDatabase(folder);
  t.after(() => database.close());

  await assert.rejects(levelDatabase(folder), (error) => error instanceof CannotOpenStore && error.why === "locked");
});
