import { Level } from "level";
import { MemoryLevel } from "memory-level";
import { checkedDatabase } from "./checked-database.ts";

export type Operation =
  | { readonly type: "put"; readonly key: string; readonly value: Uint8Array }
  | { readonly type: "del"; readonly key: string };

export interface Range {
  readonly gte?: string;
  readonly gt?: string;
  readonly lt?: string;
  readonly lte?: string;
  readonly reverse?: boolean;
  readonly limit?: number;
}

/** An ordered map from keys to bytes with atomic batches: the part of abstract-level that the store uses. */
export interface Database {
  get(key: string): Promise<Uint8Array | undefined>;
  getMany(keys: readonly string[]): Promise<readonly (Uint8Array | undefined)[]>;
  /** All or nothing; durable when it resolves. */
  batch(operations: readonly Operation[]): Promise<void>;
  keys(range: Range): AsyncIterable<string>;
  entries(range: Range): AsyncIterable<readonly [string, Uint8Array]>;
  close(): Promise<void>;
}

/** What a database held at one moment, whatever is written meanwhile. */
export interface Snapshot extends AsyncDisposable {
  entries(range: Range): AsyncIterable<readonly [string, Uint8Array]>;
}

/** A database that can be held still for a look at all of it. */
export interface SnapshotDatabase extends Database {
  snapshot(): Snapshot;
}

/** A database that knows its values from damaged ones. */
export interface CheckedDatabase extends SnapshotDatabase {
  /** Keys whose values were found damaged since it was opened. */
  readonly damaged: ReadonlySet<string>;
}

const LARGEST_BUFFER = 32 * 1024 ** 2;
const SMALLEST_BUFFER = 1024 ** 2;
// What is in the buffer needs its own size again on the disk when it is written out: a small disk has no room for that.
const BUFFERS_ON_DISK = 32;

/** LevelDB in a folder, as its bytes are. Fails with code LEVEL_LOCKED (as a cause) when another process has it open. */
export async function rawLevelDatabase(folder: string, diskBytes = Number.MAX_SAFE_INTEGER): Promise<SnapshotDatabase> {
  // Sizes by measurement: with one large write buffer and 16 KiB blocks a put costs less than half of what it does with the defaults (see decisions/0002).
  const level = new Level<string, Uint8Array>(folder, {
    keyEncoding: "utf8",
    valueEncoding: "view",
    writeBufferSize: Math.min(LARGEST_BUFFER, Math.max(SMALLEST_BUFFER, Math.floor(diskBytes / BUFFERS_ON_DISK))),
    blockSize: 16 * 1024,
  });
  await level.open();
  return adapted(level);
}

/** In memory, for tests and simulation; survives the stores that are opened over it. */
export const memoryDatabase = (): CheckedDatabase => checkedDatabase(rawMemoryDatabase());

/** The same, as its bytes are. */
export const rawMemoryDatabase = (): SnapshotDatabase =>
  adapted(
    new MemoryLevel<string, Uint8Array>({
      keyEncoding: "utf8",
      valueEncoding: "view",
      storeEncoding: "view",
    }) as unknown as Level<string, Uint8Array>,
  );

// Each time a walk reads on it waits behind the syncs of those who write: with the 16 KiB that LevelDB's binding reads at a time, twenty
// thousand rows took half a minute beside many writers.
const READ_AHEAD = { highWaterMarkBytes: 256 * 1024 };

const adapted = (level: Level<string, Uint8Array>): SnapshotDatabase => ({
  get: (key) => level.get(key),
  getMany: (keys) => level.getMany([...keys]),
  batch: async (operations) => {
    // One after the other into memory of LevelDB's own: a third of what an array of objects costs, which its binding takes apart.
    if (level.status === "opening") await level.open();
    const batch = level.batch();
    for (const each of operations)
      if (each.type === "put") batch.put(each.key, each.value);
      else batch.del(each.key);
    await batch.write({ sync: true } as object);
  },
  keys: (range) => level.keys({ ...range }),
  entries: (range) => level.iterator({ ...range, ...READ_AHEAD } as object),
  snapshot: () => {
    const snapshot = level.snapshot();
    return {
      entries: (range) => level.iterator({ ...range, snapshot, fillCache: false } as object),
      [Symbol.asyncDispose]: () => snapshot.close(),
    };
  },
  close: () => level.close(),
});
