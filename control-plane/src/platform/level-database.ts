import { cp, link, mkdir, readdir, readFile, rename, rm } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { silentLog, type Log } from "@edgemere/protocol/kit";
import { buildIndexes } from "./built-indexes.ts";
import { checkedDatabase } from "./checked-database.ts";
import { rawLevelDatabase, type CheckedDatabase, type SnapshotDatabase } from "./database.ts";
import { FORMAT, migrate, needsMigration, NewerStore, stampOf } from "./migrations.ts";
import { declaredTables } from "./resource.ts";

/** A store that is there and cannot be opened. The message says what to do. */
export class CannotOpenStore extends Error {
  readonly why: "locked" | "newer" | "full" | "forbidden" | "damaged";

  constructor(why: CannotOpenStore["why"], message: string, cause?: unknown) {
    super(message, { cause });
    this.name = "CannotOpenStore";
    this.why = why;
  }
}

interface Options {
  /** Size of the disk: a small one gets smaller buffers. */
  readonly diskBytes?: number;
  readonly log?: Log;
}

/**
 * Opens a store's folder, or makes it. One of an older format is copied beside itself and brought to this program's format;
 * one of a newer format, and one that is damaged beyond opening, is refused with CannotOpenStore and left as it is.
 */
export async function levelDatabase(folder: string, { diskBytes, log }: Options = {}): Promise<CheckedDatabase> {
  await mustHaveItsFiles(folder);
  let raw: SnapshotDatabase | undefined;
  try {
    raw = await rawLevelDatabase(folder, diskBytes);
    for (const loss of await lossesAtOpening(folder))
      log?.error("the store has lost what was written last: check the disk; a backup may hold it", { folder, loss });
    const stamp = await stampOf(raw);
    if (needsMigration(stamp)) {
      await raw.close();
      const copy = await copied(folder, stamp.format);
      log?.warn("store is brought to a new format", { from: stamp.format, to: FORMAT, copy });
      raw = await rawLevelDatabase(folder, diskBytes);
    }
    await migrate(raw, (about) => log?.info("store migrates", { about }));
    const database = checkedDatabase(raw);
    await buildIndexes(database, declaredTables(), log);
    return database;
  } catch (error) {
    await raw?.close();
    throw cannotOpen(folder, error);
  }
}

/** Damage may show only with the first look into what was opened. */
function cannotOpen(folder: string, error: unknown): CannotOpenStore {
  const reason = reasonOf(error);
  if (error instanceof NewerStore) return new CannotOpenStore("newer", reason, error);
  if (isLocked(error))
    return new CannotOpenStore(
      "locked",
      `the data folder is in use by another control plane (${folder}): stop it, or choose another with --data`,
      error,
    );
  if (/no space left/i.test(reason))
    return new CannotOpenStore(
      "full",
      `there is no room to open the store in ${folder}: free space on its disk and start again; nothing is lost (${reason})`,
      error,
    );
  if (/permission denied|read-only file system|operation not permitted/i.test(reason))
    return new CannotOpenStore(
      "forbidden",
      `this user may not write to the store in ${folder} (${reason}): start it as the user whom the data folder belongs to`,
      error,
    );
  return new CannotOpenStore("damaged", `the store in ${folder} cannot be opened: ${reason}`, error);
}

/** LevelDB goes on without what it cannot read of its log, and says so in its own notes only, which begin anew with each opening. */
async function lossesAtOpening(folder: string): Promise<readonly string[]> {
  const notes = await readFile(join(folder, "LOG"), "utf8").catch(() => "");
  return notes.split("\n").filter((line) => /: dropping \d+ bytes; /.test(line));
}

/** LevelDB takes a folder without its CURRENT for a new one, and clears away all the rest. */
async function mustHaveItsFiles(folder: string): Promise<void> {
  const files: readonly string[] = await readdir(folder).catch(() => []);
  if (files.includes("CURRENT") || !files.some((name) => /^MANIFEST-|\.(ldb|sst)$/.test(name))) return;
  throw new CannotOpenStore(
    "damaged",
    `the store in ${folder} has lost its file CURRENT and is not opened, so that nothing is cleared away`,
  );
}

/** Table files never change, so a link is a copy of them; the others are small. A copy that is there is of an earlier, killed try. */
async function copied(folder: string, format: number): Promise<string> {
  const copy = join(dirname(folder), `${basename(folder)}.format-${format}`);
  const unfinished = `${copy}.unfinished`;
  if ((await readdir(copy).catch((): string[] => [])).length > 0) return copy;
  await rm(unfinished, { recursive: true, force: true });
  await mkdir(unfinished, { mode: 0o700 });
  for (const name of await readdir(folder)) {
    const [from, to] = [join(folder, name), join(unfinished, name)];
    await (/\.(ldb|sst)$/.test(name) ? link(from, to).catch(() => cp(from, to)) : cp(from, to));
  }
  await rename(unfinished, copy);
  return copy;
}

/**
 * A database that can be opened anew under those who hold it: after a failed write LevelDB takes no more, and what of that write
 * is on the disk shows only when it is opened again.
 */
export interface ReopenableDatabase extends CheckedDatabase {
  /** Closes, waits for what is done in between, and opens. */
  reopen(): Promise<void>;
}

export async function reopenableDatabase(folder: string, options: Options): Promise<ReopenableDatabase> {
  let current = await levelDatabase(folder, options);
  return {
    get damaged() {
      return current.damaged;
    },
    get: (key) => current.get(key),
    getMany: (keys) => current.getMany(keys),
    batch: (operations) => current.batch(operations),
    keys: (range) => current.keys(range),
    entries: (range) => current.entries(range),
    snapshot: () => current.snapshot(),
    close: () => current.close(),
    reopen: async () => {
      // What failed may fail to close as well; the lock is free all the same.
      await current.close().catch((error: unknown) => (options.log ?? silentLog).warn("store closed badly", { error }));
      current = await levelDatabase(folder, options);
    },
  };
}

const reasonOf = (error: unknown): string => {
  const cause = error instanceof Error && error.cause instanceof Error ? error.cause : error;
  return cause instanceof Error ? cause.message : String(cause);
};

function isLocked(error: unknown): boolean {
  if (!(error instanceof Error)) return false;
  return ("code" in error && error.code === "LEVEL_LOCKED") || isLocked(error.cause);
}
