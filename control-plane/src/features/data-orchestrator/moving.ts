import { MINUTE, SECOND } from "@edgemere/protocol/kit";
import { moved, put, removed, updated, type Change } from "../../platform/change.ts";
import type { Store } from "../../platform/store.ts";
import { data, dataSource, OWN_STORE, type Data } from "../data-catalogue/contract.ts";
import { noted } from "../data-catalogue/history-contract.ts";
import { device } from "../devices/contract.ts";
import { file } from "../files/contract.ts";
import { bookings, releaseOf } from "./capacity.ts";
import type { DataOrchestratorContext } from "./context.ts";
import { dataInstance, dataRequest, type DataInstance } from "./contract.ts";
import { droppingOf } from "./dropping.ts";
import { askFor, pauseAfter, send, stateOf } from "./errands.ts";
import { mayRead, mounted } from "./mounting.ts";
import { collections, woken, type Collection } from "./tables.ts";

const LOOK_AGAIN = 2 * SECOND;
/** What a device has put into its directory it lists within so long, or something is wrong. */
const LISTED_WITHIN = 10 * MINUTE;
const UNDER_WAY = { put: "its device fetches it", mount: "its device mounts it" } as const;
const ABOUT_TO_LIST = "its device is about to list it";
/** After so many failures a place is given up. */
const TRIES = 8;

/** Does what is next for an instance that is being brought. Repeats safely. */
export async function bring(row: DataInstance, context: DataOrchestratorContext): Promise<void> {
  const { store, clock } = context;
  const target = await store.get(dataSource, row.source);
  const holder = await store.get(device, row.device);
  const isGone = target?.kind !== "bucket" && (holder === undefined || holder.state === "retired");
  if (target === undefined || target.state === "shutdown" || isGone) return giveUp(row, "its place is gone", context);
  const isMount = row.decision === "mount";
  const copy = isMount ? undefined : await copyAt(row, store);
  if (copy?.hash === row.hash) return store.commit(...(await arrived(row, copy, context)));
  const wait = (patch: Partial<DataInstance>) =>
    store.commit(updated(dataInstance, row, { nextTryAt: clock.now() + LOOK_AGAIN, ...patch }));
  if (row.job !== undefined) {
    const errand = await stateOf(row.job, context);
    if (errand.state === "failed") return failed(row, errand.cause, context);
    if (errand.state === "running") return untilTold(row, UNDER_WAY[isMount ? "mount" : "put"], context);
    if (isMount) return store.commit(...(await mounted(row, context)));
    // Its device has it: now it has to say so in the ordinary way, by listing its directory.
    if (row.cause === ABOUT_TO_LIST && clock.now() - row.updatedAt >= LISTED_WITHIN)
      return failed(row, "its device has put it down and does not list it", context);
    return untilTold(row, ABOUT_TO_LIST, context);
  }
  if (!(await isHere(row.hash, store))) {
    if (await isNowhere(row.hash, store)) return giveUp(row, "nobody has it any more, in this state", context);
    return still(row, await collecting(row.hash, context), context);
  }
  if (target.kind === "bucket") {
    if (target.state !== "ready") return still(row, `its place is ${target.state}: ${target.failure}`, context);
    const wish = { errand: "put", source: target.id, name: nameIn(row.path), sha256: row.hash } as const;
    const { state, cause } = await askFor(wish, context);
    return state === "running" ? still(row, "it is put into its bucket", context) : failed(row, cause, context);
  }
  // What it may read is kept from now on: before the first who reads.
  if (isMount) await store.commit(mayRead(row));
  const job = await send(
    {
      device: row.device,
      kind: isMount ? "data.mount" : "data.put",
      arguments: { source: target.name, path: nameIn(row.path), sha256: row.hash, bytes: row.bytes },
      key: `${row.id}-${row.tries}`,
    },
    context,
  );
  return wait({ job, cause: UNDER_WAY[isMount ? "mount" : "put"] });
}

/** Waits on. Who says the same again makes no news: only the row that something changed about is written. */
async function still(row: DataInstance, cause: string, { store, clock }: DataOrchestratorContext): Promise<void> {
  const nextTryAt = clock.now() + LOOK_AGAIN;
  if (row.cause !== cause) return store.commit(updated(dataInstance, row, { cause, nextTryAt }));
}

/** Waits for the end of its job, or for its device to list it: these are told of. */
async function untilTold(row: DataInstance, cause: string, { store, clock }: DataOrchestratorContext): Promise<void> {
  const isAsBefore = row.cause === cause && (row.nextTryAt ?? 0) > clock.now();
  if (!isAsBefore) return store.commit(updated(dataInstance, row, { cause, nextTryAt: clock.now() + LISTED_WITHIN }));
}

const nameIn = (path: string): string => path.slice(path.lastIndexOf("/") + 1);

const copyAt = async ({ source, path }: DataInstance, store: Store): Promise<Data | undefined> =>
  (await store.list(data, { index: "source", prefix: [source, nameIn(path)], limit: 1 })).items.find(
    ({ state }) => state === "available",
  );

/** Whether the content is here in the centre, whole and with the right hash. */
const isHere = async (hash: string, store: Store): Promise<boolean> =>
  (await store.list(file, { index: "hash", prefix: [hash], limit: 1 })).items.length > 0;

/** Whether it has changed wherever it was, or is gone: it will not come. Who is only away still has it. */
async function isNowhere(hash: string, store: Store): Promise<boolean> {
  for await (const { state } of store.scan(data, { index: "hash", prefix: [hash] }))
    if (state !== "removed") return false;
  return true;
}

/** It stands there: ready, with where it came from; what was moved is taken away where it lay. */
async function arrived(row: DataInstance, copy: Data, context: DataOrchestratorContext): Promise<readonly Change[]> {
  const { store, clock } = context;
  const origin = await store.get(data, row.data);
  const lineage = {
    // What was moved is a copy of what it was one of before.
    data: row.decision === "move" ? (origin?.lineage?.data ?? "") : row.data,
    device: origin?.device ?? "",
    request: row.request ?? "",
    ...(origin?.lineage?.alert !== undefined && { alert: origin.lineage.alert }),
    at: clock.now(),
  };
  const isGone = origin === undefined || origin.hash !== row.hash;
  const request = row.request === undefined ? undefined : await store.get(dataRequest, row.request);
  const by = request === undefined ? {} : { request: request.id, author: request.author };
  const placed = { at: clock.now(), what: "placed" as const, ...by, instance: row.id };
  const atOrigin = row.decision === "move" ? { ...placed, what: "moved" as const } : placed;
  return [
    moved(dataInstance, row, "place", { holds: copy.id, cause: "", tries: 0 }),
    ...woken(row.request),
    ...(copy.lineage === undefined ? [updated(data, copy, { lineage })] : []),
    await noted(copy.id, placed, store),
    ...(isGone ? [] : [await noted(origin.id, atOrigin, store)]),
    ...(await bookings([releaseOf(row)], store)),
    ...(row.decision === "move" && !isGone ? [droppingOf({ ...origin, path: origin.name }, context)] : []),
  ];
}

async function failed(row: DataInstance, cause: string, context: DataOrchestratorContext): Promise<void> {
  const { store, clock } = context;
  const tries = row.tries + 1;
  if (tries >= TRIES) return giveUp(row, cause, context);
  const { job: _, ...rest } = row;
  const patch = { cause, tries, nextTryAt: clock.now() + pauseAfter(tries) };
  await store.commit(updated(dataInstance, rest as DataInstance, patch));
}

async function giveUp(row: DataInstance, cause: string, { store, clock }: DataOrchestratorContext): Promise<void> {
  const release = await bookings([releaseOf(row)], store);
  const lost = moved(dataInstance, row, "lose", { cause, lostAt: clock.now() });
  await store.commit(lost, ...woken(row.request), ...release);
}

/** Has a holder send the content here; says how far that is. */
async function collecting(hash: string, { store, clock }: DataOrchestratorContext): Promise<string> {
  const row = await store.get(collections, hash);
  if (row === undefined)
    await store.commit(put(collections, { id: hash, tries: 0, nextTryAt: clock.now(), cause: "" }));
  return row?.cause || "a holder is asked to send it here";
}

/** Does what is next for content that is wanted here. Repeats safely. */
export async function collect(row: Collection, context: DataOrchestratorContext): Promise<void> {
  const { store, clock } = context;
  if ((await isHere(row.id, store)) || !(await isWanted(row.id, store)))
    return store.commit(removed(collections, row.id));
  const again = (patch: Partial<Collection>) =>
    store.commit(put(collections, { ...row, nextTryAt: clock.now() + LOOK_AGAIN, ...patch }));
  if (row.job !== undefined) {
    const errand = await stateOf(row.job, context);
    if (errand.state === "running") return again({});
    const { job: _, ...rest } = row;
    const cause = errand.state === "failed" ? errand.cause : "it was sent, and is not here";
    const tries = row.tries + 1;
    return store.commit(put(collections, { ...rest, cause, tries, nextTryAt: clock.now() + pauseAfter(tries) }));
  }
  const from = await holderOf(row, store);
  if (from === undefined) {
    const cause = "nobody who can be reached has it";
    return again({ cause, tries: row.tries + 1, nextTryAt: clock.now() + pauseAfter(row.tries + 1) });
  }
  const source = await store.get(dataSource, from.source);
  if (source?.kind === "bucket") {
    const { state, cause } = await askFor(
      { errand: "fetch", source: source.id, name: from.name, sha256: row.id },
      context,
    );
    if (state === "running") return again({ data: from.id, cause: "an object store sends it here" });
    return again({ data: from.id, cause, tries: row.tries + 1, nextTryAt: clock.now() + pauseAfter(row.tries + 1) });
  }
  const given = { source: source?.name ?? "", path: from.name, sha256: row.id, maxBytes: from.bytes };
  const key = `collect-${row.id}-${row.tries}-${row.nextTryAt}`;
  const job = await send({ device: from.device, kind: "data.get", arguments: given, key }, context);
  return again({ job, data: from.id, cause: "a holder sends it here" });
}

const isWanted = async (hash: string, store: Store): Promise<boolean> =>
  (await store.list(dataInstance, { index: "wanted", prefix: [hash], limit: 1 })).items.length > 0;

/** Another holder than the one that failed last, where there is one. */
async function holderOf({ id: hash, data: last }: Collection, store: Store): Promise<Data | undefined> {
  let second: Data | undefined;
  for await (const row of store.scan(data, { index: "hash", prefix: [hash] })) {
    // What the centre has is here, or gone.
    if (row.state !== "available" || row.source === OWN_STORE) continue;
    if (row.id !== last) return row;
    second = row;
  }
  return second;
}
