import { checkedValue, DamagedValue, withChecksum } from "./checksum.ts";
import type { CheckedDatabase, SnapshotDatabase } from "./database.ts";

/**
 * Adds a checksum to each value and checks it with each look. Asking for a damaged value fails. A walk goes on without it,
 * so that one bad sector does not stop a whole control plane, but never silently: it is kept in `damaged`, which health shows.
 */
export function checkedDatabase(raw: SnapshotDatabase): CheckedDatabase {
  const damaged = new Set<string>();
  const opened = (key: string, stored: Uint8Array | undefined): Uint8Array | undefined => {
    const value = stored && checkedValue(key, stored);
    if (stored === undefined || value !== undefined) return value;
    damaged.add(key);
    throw new DamagedValue(key);
  };
  async function* sound(entries: AsyncIterable<readonly [string, Uint8Array]>) {
    for await (const [key, stored] of entries) {
      const value = checkedValue(key, stored);
      if (value === undefined) damaged.add(key);
      else yield [key, value] as const;
    }
  }

  return {
    damaged,
    get: async (key) => opened(key, await raw.get(key)),
    getMany: async (keys) => {
      const stored = await raw.getMany(keys);
      return keys.map((key, i) => opened(key, stored[i]));
    },
    batch: async (operations) => {
      await raw.batch(
        operations.map((each) => (each.type === "put" ? { ...each, value: withChecksum(each.key, each.value) } : each)),
      );
      // What is written anew is sound again.
      if (damaged.size > 0) for (const { key } of operations) damaged.delete(key);
    },
    keys: (range) => raw.keys(range),
    entries: (range) => sound(raw.entries(range)),
    snapshot: () => {
      const snapshot = raw.snapshot();
      return {
        entries: (range) => sound(snapshot.entries(range)),
        [Symbol.asyncDispose]: () => snapshot[Symbol.asyncDispose](),
      };
    },
    close: () => raw.close(),
  };
}
