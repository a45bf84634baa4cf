import assert from "node:assert/strict";
import { test } from "node:test";
import { ManualClock } from "@edgemere/protocol/simulated";
import fc from "fast-check";
import { appended } from "./change.ts";
import { memoryDatabase } from "./database.ts";
import { rangeOf } from "./keys.ts";
import { Store } from "./store.ts";

const BEGIN = 1_000_000;

const entriesOf = async (store: Store, log: string) => {
  const found: string[] = [];
  for await (const [, bytes] of store.bytesBetween(rangeOf(log))) found.push(Buffer.from(bytes).toString());
  return found;
};

test("what is added to a log stands behind all that was there, also when the clock is set back and after a restart", async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(
        fc.record({ jump: fc.constantFrom(0, 0, 1, 5_000, -5_000), isRestart: fc.boolean(), together: fc.nat(2) }),
        { maxLength: 12 },
      ),
      async (steps) => {
        const database = memoryDatabase();
        let now = BEGIN;
        let store = await Store.open(database, new ManualClock(now));
        const added: string[] = [];
        for (const { jump, isRestart, together } of steps) {
          now += jump;
          if (isRestart || jump !== 0) store = await Store.open(database, new ManualClock(now));
          const commits = Array.from({ length: 1 + together }, () => {
            added.push(String(added.length));
            return store.commit(appended("log", Buffer.from(added.at(-1) ?? "")));
          });
          await Promise.all(commits);
        }

        assert.deepEqual(await entriesOf(store, "log"), added);
      },
    ),
    { numRuns: 50 },
  );
});

test("an entry lies under the instant of its commit, so that old ones can be found by their age", async () => {
  const clock = new ManualClock(BEGIN);
  const store = await Store.open(memoryDatabase(), clock);
  await store.commit(appended("log", Buffer.from("old")), appended("other", Buffer.from("another")));
  await clock.advance(1_000);
  await store.commit(appended("log", Buffer.from("new")));

  const { gte } = rangeOf("log");
  const old: string[] = [];
  for await (const [, bytes] of store.bytesBetween({ gte, lt: rangeOf("log", BEGIN + 1).gte }))
    old.push(Buffer.from(bytes).toString());

  assert.deepEqual(old, ["old"]);
  assert.deepEqual(await entriesOf(store, "log"), ["old", "new"]);
});
