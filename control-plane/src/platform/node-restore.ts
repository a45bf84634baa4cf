import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { nodeDisk } from "@edgemere/protocol/kit";
import { DamagedBackup, type BackupEnd, type BackupHead, type BackupItem } from "./backup-format.ts";
import { checkedDatabase } from "./checked-database.ts";
import { rawLevelDatabase, type Database, type Operation } from "./database.ts";

const BATCH_BYTES = 4 * 1024 ** 2;
/** Of an entry's key and value come roughly so many on top in memory. */
const BATCH_ENTRIES = 1_000;

/** Reads a backup to its end, without doing anything with it. */
export async function checkBackup(items: AsyncIterable<BackupItem>): Promise<{ head: BackupHead; end: BackupEnd }> {
  let head: BackupHead | undefined;
  let end: BackupEnd | undefined;
  // To the very last byte: what stands after the end is checked as well.
  for await (const item of items) {
    if (item.kind === "head") head = item.head;
    if (item.kind === "end") end = item.end;
  }
  if (head === undefined || end === undefined) throw new DamagedBackup("its head is missing");
  return { head, end };
}

/** Puts what a backup holds into an empty folder: the store into `store`, the files into `authority`. */
export async function unpackBackup(items: AsyncIterable<BackupItem>, folder: string): Promise<void> {
  await mkdir(folder, { recursive: true, mode: 0o700 });
  const disk = nodeDisk(folder);
  const database = checkedDatabase(await rawLevelDatabase(join(folder, "store")));
  try {
    const writer = new Writer(database);
    for await (const item of items) {
      if (item.kind === "file") await disk.write(`authority/${item.name}`, item.content);
      if (item.kind === "entry") await writer.add(item.key, item.value);
    }
    await writer.flush();
  } finally {
    await database.close();
  }
}

class Writer {
  readonly #database: Database;
  #waiting: Operation[] = [];
  #bytes = 0;

  constructor(database: Database) {
    this.#database = database;
  }

  async add(key: string, value: Uint8Array): Promise<void> {
    this.#waiting.push({ type: "put", key, value });
    this.#bytes += key.length + value.length;
    if (this.#bytes >= BATCH_BYTES || this.#waiting.length >= BATCH_ENTRIES) await this.flush();
  }

  async flush(): Promise<void> {
    await this.#database.batch(this.#waiting);
    this.#waiting = [];
    this.#bytes = 0;
  }
}
