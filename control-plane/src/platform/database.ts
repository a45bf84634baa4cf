import { Level } from "level";
import { MemoryLevel } from "memory-level";

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

/** LevelDB in a folder. Fails with code LEVEL_LOCKED (as a cause) when another process has it open. */
export async function levelDatabase(folder: string): Promise<Database> {
  // Sizes by measurement: with one large write buffer and 16 KiB blocks a put costs less than half of what it does with the defaults (see decisions/0002).
  const level = new Level<string, Uint8Array>(folder, {
    keyEncoding: "utf8",
    valueEncoding: "view",
    writeBufferSize: 32 * 1024 * 1024,
    blockSize: 16 * 1024,
  });
  await level.open();
  return adapted(level);
}

/** In memory, for tests and simulation; survives the stores that are opened over it. */
export function memoryDatabase(): Database {
  return adapted(
    new MemoryLevel<string, Uint8Array>({
      keyEncoding: "utf8",
      valueEncoding: "view",
      storeEncoding: "view",
    }) as unknown as Level<string, Uint8Array>,
  );
}

const adapted = (level: Level<string, Uint8Array>): Database => ({
  get: (key) => level.get(key),
  getMany: (keys) => level.getMany([...keys]),
  batch: (operations) => level.batch([...operations], { sync: true } as object),
  keys: (range) => level.keys({ ...range }),
  entries: (range) => level.iterator({ ...range }),
  close: () => level.close(),
});
