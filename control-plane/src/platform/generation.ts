import type { Clock } from "@edgemere/protocol/kit";
import { put } from "./change.ts";
import type { Database } from "./database.ts";
import { table } from "./resource.ts";
import { Store } from "./store.ts";

/**
 * Which life of the control plane this is. A restore from a backup begins the next one: devices refuse what comes from an earlier
 * one, and numbers of commands start far above all that may have been given out since the backup.
 */
const generations = table<{ readonly id: "current"; readonly generation: number }>("generation");

export async function generationOf(store: Store): Promise<number> {
  const known = await store.get(generations, "current");
  if (known !== undefined) return known.generation;
  await setGeneration(store, 1);
  return 1;
}

export const setGeneration = (store: Store, generation: number): Promise<void> =>
  store.commit(put(generations, { id: "current", generation }));

/** What a restore does to a database that was put in place, before any control plane runs over it. */
export async function beginGeneration(database: Database, generation: number, clock: Clock): Promise<void> {
  await using store = await Store.open(database, clock);
  await setGeneration(store, generation);
}
