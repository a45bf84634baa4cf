import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { TestContext } from "node:test";
import { checkedDatabase } from "./checked-database.ts";
import { memoryDatabase, rawLevelDatabase, type Database } from "./database.ts";

/** A folder that is gone after the test. */
export function aFolder(t: TestContext): string {
  const folder = mkdtempSync(join(tmpdir(), "edgemere-database-"));
  t.after(() => rmSync(folder, { recursive: true }));
  return folder;
}

/** Every database a store may stand on; closed after the test. */
export const databases: Readonly<Record<string, (t: TestContext) => Promise<Database>>> = {
  "a database in memory": async () => memoryDatabase(),
  LevelDB: async (t) => {
    const folder = aFolder(t);
    const database = checkedDatabase(await rawLevelDatabase(folder));
    t.after(() => database.close());
    return database;
  },
};

/** Its n-th write fails, and all that come after it; the n-th may have landed all the same. */
export function mortal(database: Database, deathAt: number, hasLanded: boolean): Database {
  let writes = 0;
  return {
    ...database,
    close: () => Promise.resolve(),
    batch: async (operations) => {
      writes++;
      if (writes < deathAt || (writes === deathAt && hasLanded)) await database.batch(operations);
      if (writes >= deathAt) throw new Error("the power is gone");
    },
  };
}

/** The database of a control plane that dies at one of its writes, and when it did. */
export function dying(kept: Database, deathAt: number) {
  const inner = mortal(kept, deathAt, deathAt % 2 === 0);
  let die = () => {};
  const death = new Promise<"died">((resolve) => (die = () => resolve("died")));
  const batch: Database["batch"] = (operations) =>
    inner.batch(operations).catch((error: unknown) => {
      die();
      throw error;
    });
  return { database: { ...inner, batch }, death };
}

/** A database in memory; a write may be made to take a while. */
export function slow(sleep: (ms: number) => Promise<void>) {
  const memory = memoryDatabase();
  let takes = 0;
  const batch: Database["batch"] = async (operations) => {
    const now = takes;
    takes = 0;
    if (now > 0) await sleep(now);
    return memory.batch(operations);
  };
  return { database: { ...memory, batch }, delayNext: (ms: number) => void (takes = ms) };
}
