import { SECOND } from "@edgemere/protocol/kit";
import { created, moved, updated } from "../../platform/change.ts";
import { Problem } from "../../platform/problem.ts";
import { resolve } from "../../platform/reference.ts";
import { backup, type Backup } from "./contract.ts";
import type { OperationsContext } from "./context.ts";

const TOLD_EVERY = 2 * SECOND;
const MIB = 1024 ** 2;

export const emptyBackup = { entries: 0, bytes: 0, fileBytes: 0, sha256: "", damaged: 0, reason: "" };

/** Writes down that a backup is wanted; a loop makes it, also after a restart. */
export async function wanted(
  context: OperationsContext,
  { origin, author }: Pick<Backup, "origin" | "author">,
): Promise<Backup> {
  const { store, newId, operations } = context;
  const { items } = await store.list(backup, { index: "state", prefix: ["making"], limit: 1 });
  if (items[0]) throw new Problem("conflict", `the backup ${items[0].id} is being made: wait for it`);
  await refuseWithoutRoom(context);
  const id = newId();
  await store.commit(created(backup, id, { ...emptyBackup, origin, author, generation: operations.generation() }));
  return resolve(store, backup, id);
}

/** Makes a backup that is wanted, and tells now and then how far it is. */
export async function make(id: string, context: OperationsContext): Promise<void> {
  const { store, clock, log, operations } = context;
  let toldAt = clock.monotonic();
  let telling: Promise<unknown> = Promise.resolve();
  try {
    const { files: _, ...made } = await operations.backups.make(id, ({ entries, bytes }) => {
      if (clock.monotonic() - toldAt < TOLD_EVERY) return;
      toldAt = clock.monotonic();
      telling = telling
        .then(async () => store.commit(updated(backup, await resolve(store, backup, id), { entries, bytes })))
        .catch((error: unknown) => log.warn("progress of a backup not told", { backup: id, error }));
    });
    await telling;
    await store.commit(moved(backup, await resolve(store, backup, id), "finish", made));
    if (made.damaged > 0)
      log.error("backup made without damaged values of the store", { backup: id, damaged: made.damaged });
    else log.info("backup made", { backup: id, ...made });
  } catch (error) {
    await telling;
    // A stop is no failure: the next start makes it.
    if (error instanceof Error && error.name === "AbortError") return;
    log.error("backup failed", { backup: id, error });
    const reason = error instanceof Error ? error.message : String(error);
    await store.commit(moved(backup, await resolve(store, backup, id), "fail", { reason }));
  }
}

export async function refuseWithoutRoom({ operations }: OperationsContext, times = 1): Promise<void> {
  const { neededBytes, freeBytes } = await operations.backups.room();
  const needed = neededBytes * times;
  if (needed <= freeBytes) return;
  throw new Problem(
    "storage-full",
    `it may take ${Math.ceil(needed / MIB)} MiB and ${operations.backups.folder} has ${Math.floor(freeBytes / MIB)} MiB to give: free some space, or choose a folder on another disk with --backups`,
  );
}
