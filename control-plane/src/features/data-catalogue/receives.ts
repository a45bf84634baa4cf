import { isDeepStrictEqual } from "node:util";
import { created, moved, put, removed, updated, type Change } from "../../platform/change.ts";
import type { PlatformContext } from "../../platform/context.ts";
import type { Received } from "../../platform/feature.ts";
import { device, type Device } from "../devices/contract.ts";
import { availableBytes, data, dataSource, type Data, type DataSource } from "./contract.ts";
import { noted } from "./history-contract.ts";
import { filesAfter, followed, type Known } from "./index-following.ts";
import { FILES_AT_MOST, slicesOf, SOURCES_AT_MOST, TOO_LARGE, type Item, type Slice } from "./report.ts";
import { reportProgress, unsettledSources } from "./tables.ts";
import { automaticTags } from "./tags.ts";

/** What devices report of their directories becomes sources and data. What a whole report leaves out is removed by a loop. */
export async function receiveReports(received: Received, context: PlatformContext): Promise<readonly Change[]> {
  const slices = slicesOf(received.records);
  const holder = slices.length > 0 ? await context.store.get(device, received.device) : undefined;
  if (holder === undefined || holder.state === "retired") return [];
  const changes = await Promise.all(slices.map((slice) => take(slice, holder, received.receivedAt, context)));
  return changes.flat();
}

async function take(
  told: Slice,
  holder: Device,
  receivedAt: number,
  context: PlatformContext,
): Promise<readonly Change[]> {
  const { store, newId, log } = context;
  const sources = await store.list(dataSource, { index: "device", prefix: [holder.id], limit: SOURCES_AT_MOST });
  const source = sources.items.find(({ name }) => name === told.name);
  if (source === undefined && sources.items.length === SOURCES_AT_MOST) {
    log.warn("data source ignored: its device has too many", { device: holder.id, source: told.name });
    return [];
  }
  const id = source?.id ?? newId();
  const known = await knownBy(told, source, context);
  const progress = await store.get(reportProgress, id);
  const files = filesAfter(told, known, progress);
  const slice = told.failure === "" && files > FILES_AT_MOST ? { ...told, failure: TOO_LARGE } : told;
  const changes = sourceChanges(slice, source, { id, device: holder.id, reportedAt: receivedAt });
  if (slice.failure !== "") {
    // What was told before stands, and so does what will be told from there; half of a report does not.
    const isHalf = progress !== undefined && !progress.isSettled;
    return [
      ...changes,
      ...(isHalf ? [removed(reportProgress, id)] : []),
      put(unsettledSources, { id: newId(), source: id }),
    ];
  }
  const { name, tags, takesData } = slice;
  const access = takesData ? ("read-write" as const) : ("read" as const);
  const place = { id, name, device: holder.id, deviceName: holder.name, tags, access };
  const happened = slice.items.map((item, i) => happeningOf(item, known.items[i], receivedAt, store));
  const gone = known.gone.filter((row) => row !== undefined && row.state !== "removed") as readonly Data[];
  const removals = gone.map((row) => noted(row.id, { at: receivedAt, what: "removed" as const }, store));
  return [
    ...changes,
    ...slice.items.flatMap((item, i) => dataChanges(item, known.items[i], place, context.newId)),
    ...(await Promise.all(happened)).flat(),
    ...gone.map((row) => moved(data, row, "remove")),
    ...(await Promise.all(removals)),
    ...(await followed(slice, { id, known, progress, files }, context)),
  ];
}

/** What its items, and what is gone, are known as. */
async function knownBy(
  { items, gone }: Slice,
  source: DataSource | undefined,
  { store }: PlatformContext,
): Promise<Known> {
  if (source === undefined) return { items: [], gone: [] };
  const named = async (name: string): Promise<Data | undefined> =>
    (await store.list(data, { index: "source", prefix: [source.id, name], limit: 1 })).items[0];
  return {
    items: await Promise.all(items.map(({ name }) => named(name))),
    gone: await Promise.all(gone.map(named)),
  };
}

/** Nothing where only the index is told of, and the source is as it was. */
function sourceChanges(
  slice: Slice,
  source: DataSource | undefined,
  { id, device, reportedAt }: { id: string; device: string; reportedAt: number },
): readonly Change[] {
  const { path, totalBytes, freeBytes, tags, takesData, mountFolder, failure, name, kind, condition, nextTryAt } =
    slice;
  const placingBytes = source?.placingBytes ?? 0;
  const room = { freeBytes, placingBytes, availableBytes: availableBytes({ freeBytes, placingBytes }) };
  const mayBeAbsent = { ...(nextTryAt > 0 && { nextTryAt }), ...(mountFolder !== "" && { mountFolder }) };
  const patch = { path, totalBytes, ...room, tags, takesData, failure, kind, condition, ...mayBeAbsent, reportedAt };
  const isReadable = failure === "";
  if (source === undefined) {
    const draft = { ...patch, name, device, reservedBytes: 0 };
    return [created(dataSource, id, draft, isReadable ? "ready" : "suspended")];
  }
  // When it is tried again, and where it mounts, is told as long as it is so, and no longer.
  const { nextTryAt: _, mountFolder: __, ...before } = source;
  if (isReadable && source.state !== "ready") return [moved(dataSource, before, "resume", patch)];
  if (!isReadable && source.state === "ready") return [moved(dataSource, before, "suspend", patch)];
  const isNoNews =
    slice.isChange && isDeepStrictEqual({ ...before, ...patch, reportedAt: 0 }, { ...source, reportedAt: 0 });
  return isNoNews ? [] : [updated(dataSource, before, patch)];
}

interface Place {
  readonly id: string;
  readonly name: string;
  readonly device: string;
  readonly deviceName: string;
  readonly tags: Readonly<Record<string, string>>;
  readonly access: Data["access"];
}

/** A new row, a row that came back, a row that differs; nothing for what is as it was. */
function dataChanges(item: Item, known: Data | undefined, place: Place, newId: () => string): readonly Change[] {
  const automatic = automaticTags({ name: item.name, source: place.name, device: place.deviceName });
  const { tags: told, ...file } = item;
  const tags = { ...automatic, ...place.tags, ...told, ...known?.givenTags };
  if (known === undefined) {
    const draft = { ...file, source: place.id, device: place.device, access: place.access, tags, givenTags: {} };
    return [created(data, newId(), draft)];
  }
  const patch = { bytes: file.bytes, hash: file.hash, modifiedAt: file.modifiedAt, access: place.access, tags };
  if (known.state !== "available") return [moved(data, known, "recover", patch)];
  const isSameFile = item.hash === known.hash && item.modifiedAt === known.modifiedAt;
  return isSameFile && place.access === known.access && isEqual(tags, known.tags) ? [] : [updated(data, known, patch)];
}

/** What is told of it later; that it was found its row tells. */
async function happeningOf(
  { hash }: Item,
  known: Data | undefined,
  at: number,
  store: PlatformContext["store"],
): Promise<readonly Change[]> {
  if (known === undefined) return [];
  const isOther = hash !== known.hash;
  if (!isOther && known.state === "available") return [];
  const what = isOther ? ("changed" as const) : ("back" as const);
  return [await noted(known.id, { at, what, ...(isOther && { hash }) }, store)];
}

const isEqual = (a: Readonly<Record<string, string>>, b: Readonly<Record<string, string>>) =>
  Object.keys(a).length === Object.keys(b).length && Object.entries(a).every(([key, value]) => b[key] === value);
