import { MINUTE, SECOND, type Loop } from "@edgemere/protocol/kit";
import { created, destroyed, moved } from "../../platform/change.ts";
import type { StorageState } from "../../platform/disk-guard.ts";
import { Problem } from "../../platform/problem.ts";
import { backup, DISK, storage, type Backup } from "./contract.ts";
import type { OperationsContext } from "./context.ts";
import { emptyBackup, make, wanted } from "./making.ts";
import { isDue, superseded } from "./schedule.ts";

const signals = { normal: "clear", low: "fill", readonly: "close" } as const;

/** Watches the disk and gets the store up again when a write failed. */
export const watchStorage = ({ store, log, operations }: OperationsContext): Loop => ({
  name: "watch storage",
  every: SECOND,
  onError: (error) => log.error("loop failed", { loop: "watch storage", error }),
  step: async () => {
    if (store.isBroken) await operations.repairStore();
    const { state, freeBytes, totalBytes } = await operations.lookAtStorage();
    const row = await store.get(storage, DISK);
    if (row === undefined) await store.commit(created(storage, DISK, { freeBytes, totalBytes }, state));
    else if (row.state !== state) {
      log[state === "normal" ? "info" : "error"]("storage changed", { state, freeBytes, totalBytes });
      await store.commit(moved(storage, row, signalFor(row.state, state), { freeBytes, totalBytes }));
    }
    return "settled";
  },
});

const signalFor = (from: StorageState, to: StorageState) =>
  from === "readonly" && to === "low" ? "ease" : signals[to];

/** Makes the backups that are wanted, one after another. */
export const makeBackups = (context: OperationsContext): Loop => ({
  name: "make backups",
  every: SECOND,
  onError: (error) => context.log.error("loop failed", { loop: "make backups", error }),
  step: async () => {
    const { items } = await context.store.list(backup, { index: "state", prefix: ["making"], limit: 1 });
    if (items[0]) await make(items[0].id, context);
    return "settled";
  },
});

/** Wants a backup when it is time, removes old ones, and brings rows and files together. */
export function scheduleBackups(context: OperationsContext): Loop {
  const { store, clock, log, operations } = context;
  const { backups, backupEvery: every, backupKeep } = operations;
  const startedAt = clock.now();
  return {
    name: "schedule backups",
    every: MINUTE,
    onError: (error) => log.error("loop failed", { loop: "schedule backups", error }),
    step: async () => {
      await matchFiles(context);
      const rows: Backup[] = [];
      for await (const row of store.scan(backup, { reverse: true })) rows.push(row);
      for (const row of superseded(rows, backupKeep)) {
        await backups.remove(row.id);
        await store.commit(destroyed(backup, row));
      }
      if (isDue(rows, { now: clock.now(), startedAt, every })) await wantOrTell(context);
      return "settled";
    },
  };
}

async function wantOrTell(context: OperationsContext): Promise<void> {
  try {
    await wanted(context, { origin: "schedule", author: "system" });
  } catch (error) {
    if (!(error instanceof Problem) || error.type !== "storage-full") throw error;
    const { store, newId, log, operations } = context;
    log.error("backup failed", { error });
    const failed = {
      ...emptyBackup,
      origin: "schedule",
      author: "system",
      generation: operations.generation(),
    } as const;
    await store.commit(created(backup, newId(), { ...failed, reason: error.message }, "failed"));
  }
}

/** Files are the truth: after a restore the rows speak of an earlier day. */
async function matchFiles({ store, log, operations }: OperationsContext): Promise<void> {
  const files = await operations.backups.list();
  const there = new Set(files.map(({ id }) => id));
  for await (const row of store.scan(backup))
    if (row.state === "ready" && !there.has(row.id)) await store.commit(destroyed(backup, row));
  for (const { id, fileBytes } of files) {
    if ((await store.get(backup, id)) !== undefined) continue;
    try {
      const { generation } = await operations.backups.head(id);
      const found = { ...emptyBackup, origin: "found", author: "system", fileBytes, generation } as const;
      await store.commit(created(backup, id, found, "ready"));
    } catch (error) {
      log.warn("backup not readable", { backup: id, error });
    }
  }
}
