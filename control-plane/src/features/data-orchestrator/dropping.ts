import { SECOND } from "@edgemere/protocol/kit";
import { put, removed, type Change } from "../../platform/change.ts";
import type { Store } from "../../platform/store.ts";
import { data, dataSource, OWN_STORE } from "../data-catalogue/contract.ts";
import { device } from "../devices/contract.ts";
import type { DataOrchestratorContext } from "./context.ts";
import { dataInstance } from "./contract.ts";
import { askFor, pauseAfter, send, stateOf } from "./errands.ts";
import { hasChanged } from "./instance-life.ts";
import { pathIn } from "./instances.ts";
import { droppings, type Dropping } from "./tables.ts";

const LOOK_AGAIN = 2 * SECOND;

/** Has a file taken away, as long as it is what it was; whether it may be is looked at when its time comes. */
export const droppingOf = (
  file: Pick<Dropping, "device" | "source" | "path" | "hash" | "copyOf" | "isMounted">,
  { clock }: DataOrchestratorContext,
): Change => {
  const { device: at, source, path, hash, copyOf, isMounted } = file;
  return put(droppings, {
    // No file of a source has such a name.
    id: fileAt(source, isMounted ? `/${path}` : path),
    device: at,
    source,
    path,
    hash,
    ...(copyOf !== undefined && { copyOf }),
    ...(isMounted === true && { isMounted }),
    tries: 0,
    nextTryAt: clock.now(),
    cause: "",
  });
};

const fileAt = (source: string, path: string): string => `${source}/${path}`;

/** Does what is next for a file that is to be taken away. Repeats safely. */
export async function drop(row: Dropping, context: DataOrchestratorContext): Promise<void> {
  const { store, clock } = context;
  const done = () => store.commit(removed(droppings, row.id));
  const source = await store.get(dataSource, row.source);
  if (source === undefined || source.state === "shutdown") return done();
  const holder = await store.get(device, row.device);
  if (source.kind !== "bucket" && (holder === undefined || holder.state === "retired")) return done();
  if (row.job !== undefined) {
    const errand = await stateOf(row.job, context);
    if (errand.state === "failed") return store.commit(failed(row, errand.cause, clock.now()));
    if (errand.state === "succeeded") return done();
    return store.commit(put(droppings, { ...row, nextTryAt: clock.now() + LOOK_AGAIN }));
  }
  const place = pathIn(row.isMounted ? (source.mountFolder ?? "") : source.path, row.path);
  // Wanted again meanwhile: it stays.
  const { items } = await store.list(dataInstance, { index: "place", prefix: [row.source, place], limit: 1 });
  if (items.length > 0) return done();
  if (!row.isMounted) {
    // So does the last of its content.
    if (!source.takesData || !((await isOutdated(row, store)) || (await isElsewhere(row, store)))) return done();
    const [held] = (await store.list(data, { index: "source", prefix: [source.id, row.path], limit: 1 })).items;
    // What somebody made of it is theirs.
    if (hasChanged(held, row.hash)) return done();
    if (source.kind === "bucket") {
      if (held === undefined || held.state === "removed") return done();
      const wish = { errand: "drop", source: source.id, name: row.path, sha256: row.hash } as const;
      const { state, cause } = await askFor(wish, context);
      if (state === "failed") return store.commit(failed(row, cause, clock.now()));
      return store.commit(put(droppings, { ...row, nextTryAt: clock.now() + LOOK_AGAIN, cause: "" }));
    }
  }
  const given = { source: source.name, path: row.path, sha256: row.hash, ...(row.isMounted && { isMounted: true }) };
  const key = `drop-${row.id}-${row.nextTryAt}`;
  const job = await send({ device: row.device, kind: "data.drop", arguments: given, key }, context);
  return store.commit(put(droppings, { ...row, job, nextTryAt: clock.now() + LOOK_AGAIN, cause: "" }));
}

function failed({ job: _, ...row }: Dropping, cause: string, now: number): Change {
  const tries = row.tries + 1;
  return put(droppings, { ...row, cause, tries, nextTryAt: now + pauseAfter(tries) });
}

const isOutdated = async ({ copyOf, hash }: Dropping, store: Store): Promise<boolean> =>
  copyOf !== undefined && hasChanged(await store.get(data, copyOf), hash);

/** Whether somebody else has the same content and keeps it, so that this is not the last of it. The centre's own files go when their time is over. */
async function isElsewhere({ id, hash }: Dropping, store: Store): Promise<boolean> {
  for await (const row of store.scan(data, { index: "hash", prefix: [hash] })) {
    const place = fileAt(row.source, row.name);
    if (place === id || row.state !== "available" || row.source === OWN_STORE) continue;
    if ((await store.get(droppings, place))?.job === undefined) return true;
  }
  return false;
}
