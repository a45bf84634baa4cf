import { readFile, readdir } from "node:fs/promises";
import { join } from "node:path";
import { nodeDisk, type Log, type Random } from "@edgemere/protocol/kit";
import { ConfigError } from "@edgemere/protocol/config";
import type { ControlPlaneConfig } from "./config.ts";
import { DiskGuard } from "./platform/disk-guard.ts";
import { CannotOpenStore, reopenableDatabase, type ReopenableDatabase } from "./platform/level-database.ts";

interface Surroundings {
  readonly random: Random;
  readonly log: Log;
}

/** The disk under the control plane, and the database on it. */
export interface Storage extends AsyncDisposable {
  readonly guard: DiskGuard;
  readonly database: ReopenableDatabase;
}

/** Where there is no room to open the database, the ballast goes; whose database another control plane has open keeps its ballast. */
export async function openStorage(config: ControlPlaneConfig, { random, log }: Surroundings): Promise<Storage> {
  const disk = nodeDisk(config.dataFolder);
  const guard = await DiskGuard.start({ disk, random, log, limits: config.storage });
  const { totalBytes } = guard.status;
  const folder = join(config.dataFolder, "store");
  const open = () => openDatabase(folder, { diskBytes: totalBytes, log }, config);
  const database = await open().catch(async (error: unknown) => {
    if (!(error instanceof CannotOpenStore) || error.why !== "full") throw error;
    await guard.release();
    return open();
  });
  return { guard, database, [Symbol.asyncDispose]: () => database.close() };
}

/** Tells which backup helps where a store is damaged beyond opening. */
async function openDatabase(
  folder: string,
  options: Parameters<typeof reopenableDatabase>[1],
  config: ControlPlaneConfig,
): Promise<ReopenableDatabase> {
  try {
    return await reopenableDatabase(folder, options);
  } catch (error) {
    throw await withAdvice(error, config);
  }
}

async function withAdvice(cause: unknown, { backups, dataFolder }: ControlPlaneConfig): Promise<unknown> {
  if (!(cause instanceof CannotOpenStore) || cause.why !== "damaged") return cause;
  const names = (await readdir(backups.folder).catch((): string[] => [])).filter((name) => name.endsWith(".backup"));
  const newest = names.toSorted().at(-1);
  const advice =
    newest === undefined
      ? `there is no backup in ${backups.folder}; if one lies elsewhere: edgemere-control-plane restore FILE --data ${dataFolder} --force`
      : `restore the newest backup: edgemere-control-plane restore ${join(backups.folder, newest)} --data ${dataFolder} --force`;
  return new CannotOpenStore(cause.why, `${cause.message}; check the disk, then ${advice}`, cause);
}

/** The first line of the file; undefined without one. */
export async function passphraseFrom(file: string | undefined): Promise<string | undefined> {
  if (file === undefined) return undefined;
  const text = await readFile(file, "utf8").catch((error: unknown) => {
    throw new ConfigError(
      `--backup-passphrase: ${file} cannot be read: ${error instanceof Error ? error.message : String(error)}`,
    );
  });
  const [line = ""] = text.split(/\r?\n/);
  if (line.length < 12)
    throw new ConfigError(`--backup-passphrase: the first line of ${file} has less than 12 characters`);
  return line;
}
