import { handle, type OutputOf } from "../../platform/action.ts";
import { destroyed, updated } from "../../platform/change.ts";
import type { StorageStatus } from "../../platform/disk-guard.ts";
import { pageOf } from "../../platform/pages.ts";
import { Problem } from "../../platform/problem.ts";
import { resolve } from "../../platform/reference.ts";
import { repeatOnConflict } from "../../platform/repeat.ts";
import * as contract from "./contract.ts";
import type { OperationsContext } from "./context.ts";
import { refuseWithoutRoom, wanted } from "./making.ts";

const { backup, storage, DISK } = contract;

export const operationsActions = [
  handle(contract.createBackup, async (_, context: OperationsContext, { actor }) =>
    wanted(context, { origin: "asked", author: actor }),
  ),
  handle(contract.listBackups, async ({ state: states, limit = 50, cursor }, { store }: OperationsContext) => {
    const page = await pageOf(store, backup, { states, limit, cursor, reverse: true });
    return { ...page, items: [...page.items] };
  }),
  handle(contract.findBackup, async ({ backup: id }, { store, operations }: OperationsContext) => ({
    backup: await resolve(store, backup, id),
    folder: operations.backups.folder,
    file: `edgemere-${id}.backup`,
  })),
  handle(contract.drillBackup, async ({ backup: id }, context: OperationsContext) => {
    const { store, operations, log } = context;
    if (id !== undefined && (await resolve(store, backup, id)).state !== "ready")
      throw new Problem("conflict", `the backup ${id} is not ready: see "ops/backup/list"`);
    // The copy that is opened, and without an id the file as well.
    await refuseWithoutRoom(context, id === undefined ? 2 : 1);
    const { mistakes, ...figures } = await operations.backups.drill(id).catch(orThatItStops);
    if (mistakes.length > 0) log.error("backup drill failed", { ...figures, mistakes });
    const verdict = { passed: mistakes.length === 0, ...figures, mistakes: [...mistakes] };
    if (id !== undefined) await remember(id, verdict, context);
    return verdict;
  }),
  handle(contract.destroyBackup, async ({ backup: id }, { store, operations }: OperationsContext) => {
    await repeatOnConflict(async () => {
      const row = await resolve(store, backup, id);
      if (row.state === "making") throw new Problem("conflict", `the backup ${id} is being made: wait for it`);
      // The file first: a row without a file is cleared away later, a file without its row would come back.
      await operations.backups.remove(id);
      await store.commit(destroyed(backup, row));
    });
    return { id };
  }),
  handle(contract.readMetrics, async (_, { figures }: OperationsContext) => ({
    families: (await figures()).map((family) => ({ ...family, samples: [...family.samples] })),
  })),
  handle(contract.findStorage, async (_, { store, operations }: OperationsContext) => {
    const status = operations.storage();
    const advice = adviceFor(status);
    const told = await store.get(storage, DISK);
    return {
      ...status,
      ...(told?.state === status.state && { since: told.updatedAt }),
      ...(advice !== undefined && { advice }),
    };
  }),
];

function orThatItStops(error: unknown): never {
  if (error instanceof Error && error.name === "AbortError")
    throw new Problem("unavailable", "the control plane stops: ask again when it runs", { cause: error });
  throw error;
}

/** With its row the verdict reaches whoever did not wait for it. */
const remember = (id: string, verdict: OutputOf<typeof contract.drillBackup>, { store, clock }: OperationsContext) =>
  repeatOnConflict(async () => {
    const row = await store.get(backup, id);
    if (row !== undefined) await store.commit(updated(backup, row, { drill: { at: clock.now(), ...verdict } }));
  });

/** What to do about a disk that fills; nothing while it is as it should be. */
const adviceFor = ({ state }: Pick<StorageStatus, "state">): string | undefined =>
  ({
    normal: undefined,
    low: "The disk fills: free space on it, shorten --history, or move the data folder to a larger disk",
    readonly:
      "The disk is nearly full: nothing new is stored until there is space. Devices keep their records and send them later. Free space on the disk; writing begins again by itself",
  })[state];
