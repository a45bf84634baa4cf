import assert from "node:assert/strict";
import test from "node:test";
import fc from "fast-check";
import { drain } from "@edgemere/protocol/simulated";
import { memoryDatabase, type Database, type Operation } from "./database.ts";
import { RememberedValues } from "./remembered-values.ts";

const keys = ["a", "b", "c"];
const bytes = (text: string) => new TextEncoder().encode(text);
const shown = (value: Uint8Array | undefined) => value && new TextDecoder().decode(value);
const put = (key: string, value: string): Operation => ({ type: "put", key, value: bytes(value) });

/** Counts looks. */
function counted(database: Database) {
  const looks: string[] = [];
  const get = (key: string) => {
    looks.push(key);
    return database.get(key);
  };
  const getMany = (keys: readonly string[]) => {
    looks.push(...keys);
    return database.getMany(keys);
  };
  return { looks, database: { ...database, get, getMany } };
}

/** Each call lasts until it is let go. A look sees what is there when it begins, or when it ends; a write that fails lands or not. */
function slow(database: Database) {
  const waiting: ((isEarly: boolean) => Promise<void>)[] = [];
  const held = async <T>(early: Promise<T> | undefined, late: () => Promise<T>): Promise<T> => {
    const isEarly = await new Promise<boolean>((resolve) => {
      waiting.push(async (isEarly) => resolve(isEarly));
    });
    return isEarly && early !== undefined ? early : late();
  };
  return {
    letGo: async (place: number, isEarly: boolean) => {
      await waiting.splice(place % Math.max(1, waiting.length), 1)[0]?.(isEarly);
      await drain();
    },
    database: {
      ...database,
      get: (key: string) => held(database.get(key), () => database.get(key)),
      getMany: (keys: readonly string[]) => held(database.getMany(keys), () => database.getMany(keys)),
      batch: (operations: readonly Operation[]) => held(undefined, () => database.batch(operations)),
    },
  };
}

test("whatever is asked and written while other calls are under way, what is told afterwards is what is stored", async () => {
  const key = fc.constantFrom(...keys);
  const step = fc.oneof(
    fc.record({ kind: fc.constant("ask" as const), key }),
    fc.record({ kind: fc.constant("ask for many" as const), asked: fc.array(key, { maxLength: 3 }) }),
    fc.record({ kind: fc.constant("put" as const), key, value: fc.string({ minLength: 1, maxLength: 3 }) }),
    fc.record({ kind: fc.constant("remove" as const), key }),
    fc.record({ kind: fc.constant("let go" as const), place: fc.nat(5), isEarly: fc.boolean() }),
  );
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 25 }), async (steps) => {
      const inner = memoryDatabase();
      const { database, letGo } = slow(inner);
      const remembered = new RememberedValues(database);
      const calls: Promise<unknown>[] = [];
      let writing: Promise<unknown> = Promise.resolve();
      // A store writes one batch after the other.
      const write = (operation: Operation) => {
        writing = writing.then(() => remembered.batch([operation]));
        calls.push(writing);
      };
      for (const each of steps) {
        if (each.kind === "ask") calls.push(remembered.get(each.key));
        if (each.kind === "ask for many") calls.push(remembered.getMany(each.asked));
        if (each.kind === "put") write(put(each.key, each.value));
        if (each.kind === "remove") write({ type: "del", key: each.key });
        if (each.kind === "let go") await letGo(each.place, each.isEarly);
      }
      const left = new Set(calls);
      for (const each of calls) void each.then(() => left.delete(each));
      while (left.size > 0) await letGo(0, true);

      for (const each of keys) {
        const told = remembered.get(each);
        await letGo(0, true);
        assert.equal(shown(await told), shown(await inner.get(each)));
      }
    }),
    { numRuns: 150 },
  );
});

test("what was asked for once is not looked for again, also after it was written", async () => {
  const { database, looks } = counted(memoryDatabase());
  const remembered = new RememberedValues(database);
  await remembered.batch([put("a", "1")]);

  const first = await remembered.get("a");
  await remembered.batch([put("a", "2")]);
  const second = await remembered.get("a");
  await remembered.batch([{ type: "del", key: "a" }]);
  const third = await remembered.get("a");

  assert.deepEqual([first, second, third].map(shown), ["1", "2", undefined]);
  assert.deepEqual(looks, ["a", "a"]);
});

test("of many only those are looked for that are not held, and what is found is held", async () => {
  const { database, looks } = counted(memoryDatabase());
  const remembered = new RememberedValues(database);
  await remembered.batch([put("a", "1"), put("b", "2")]);
  await remembered.get("a");

  const first = await remembered.getMany(["b", "a", "c", "b"]);
  const second = await remembered.getMany(["a", "b"]);

  assert.deepEqual([...first, ...second].map(shown), ["2", "1", undefined, "2", "1", "2"]);
  assert.deepEqual(looks, ["a", "b", "c"]);
});

test("what is read through once is not held, and puts out nothing", async () => {
  const { database, looks } = counted(memoryDatabase());
  const remembered = new RememberedValues(database);
  await remembered.batch([put("a", "1"), put("b", "2")]);
  await remembered.get("a");
  const before = remembered.size;

  const first = await remembered.getMany(["a", "b"], { isHeld: false });
  await remembered.batch([put("b", "3")]);
  const second = await remembered.getMany(["a", "b"], { isHeld: false });

  assert.deepEqual([...first, ...second].map(shown), ["1", "2", "1", "3"]);
  assert.deepEqual([looks, remembered.size], [["a", "b", "b"], before]);
});

test("those who ask for the same at the same time share one look", async () => {
  const { database, looks } = counted(memoryDatabase());
  const remembered = new RememberedValues(database);

  await Promise.all([remembered.get("a"), remembered.get("a"), remembered.get("a")]);

  assert.deepEqual(looks, ["a"]);
});

test("what was only written is not held", async () => {
  const remembered = new RememberedValues(memoryDatabase());

  await remembered.batch([put("a", "1")]);

  assert.equal(remembered.size, 0);
});

test("after a failed write nothing is taken for known", async () => {
  const { database, looks } = counted(memoryDatabase());
  let hasFailed = false;
  const remembered = new RememberedValues({
    ...database,
    batch: async (operations) => {
      await database.batch(operations);
      if (hasFailed) throw new Error("no space left");
    },
  });
  await remembered.batch([put("a", "1")]);
  await remembered.get("a");

  hasFailed = true;
  await assert.rejects(remembered.batch([put("a", "2")]), /no space left/);

  assert.equal(shown(await remembered.get("a")), "2");
  assert.deepEqual(looks, ["a", "a"]);
});

test("of more than there is room for, what was asked for last stays", async () => {
  const { database, looks } = counted(memoryDatabase());
  const remembered = new RememberedValues(database, 1_000);
  await remembered.batch([put("a", "1"), put("b", "2"), put("c", "3"), put("d", "4")]);

  for (const key of ["a", "b", "c", "a", "d"]) await remembered.get(key);
  const before = looks.length;
  await remembered.get("a");
  await remembered.get("b");

  assert.ok(remembered.size <= 1_000);
  assert.deepEqual(looks.slice(before), ["b"]);
});
