import { created, moved, put, removed, updated, type Change } from "../../platform/change.ts";
import type { PlatformContext } from "../../platform/context.ts";
import type { Received } from "../../platform/feature.ts";
import { device, type Device } from "../devices/contract.ts";
import { availableBytes, data, dataSource, type Data, type DataSource } from "./contract.ts";
import { noted } from "./history-contract.ts";
import { itemsByName, slicesOf, SOURCES_AT_MOST, type Item, type Slice } from "./report.ts";
import { reportedNames, reportProgress, unsettledSources } from "./tables.ts";
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
  slice: Slice,
  holder: Device,
  receivedAt: number,
  context: PlatformContext,
): Promise<readonly Change[]> {
  const { store, newId, log } = context;
  const sources = await store.list(dataSource, { index: "device", prefix: [holder.id], limit: SOURCES_AT_MOST });
  const source = sources.items.find(({ name }) => name === slice.name);
  if (source === undefined && sources.items.length === SOURCES_AT_MOST) {
    log.warn("data source ignored: its device has too many", { device: holder.id, source: slice.name });
    return [];
  }
  const id = source?.id ?? newId();
  const changes = [sourceChange(slice, source, { id, device: holder.id, reportedAt: receivedAt })];
  if (slice.failure !== "")
    return [...changes, removed(reportProgress, id), put(unsettledSources, { id: newId(), source: id })];

  const items = itemsByName(slice.items);
  const known = await Promise.all(items.map(({ name }) => dataNamed(name, id, context)));
  const { name, tags, takesData } = slice;
  const access = takesData ? ("read-write" as const) : ("read" as const);
  const place = { id, name, device: holder.id, deviceName: holder.name, tags, access };
  const happened = items.map((item, i) => happeningOf(item, known[i], receivedAt, store));
  return [
    ...changes,
    ...items.flatMap((item, i) => dataChanges(item, known[i], place, context.newId)),
    ...(await Promise.all(happened)).flat(),
    ...(await progressChanges(slice, source, id, context)),
  ];
}

const dataNamed = async (name: string, source: string, { store }: PlatformContext): Promise<Data | undefined> =>
  (await store.list(data, { index: "source", prefix: [source, name], limit: 1 })).items[0];

function sourceChange(
  slice: Slice,
  source: DataSource | undefined,
  { id, device, reportedAt }: { id: string; device: string; reportedAt: number },
): Change {
  const { path, totalBytes, freeBytes, tags, takesData, failure, name } = slice;
  const placingBytes = source?.placingBytes ?? 0;
  const room = { freeBytes, placingBytes, availableBytes: availableBytes({ freeBytes, placingBytes }) };
  const patch = { path, totalBytes, ...room, tags, takesData, failure, reportedAt };
  const isReadable = failure === "";
  if (source === undefined) {
    const draft = { ...patch, name, device, kind: "directory" as const, reservedBytes: 0 };
    return created(dataSource, id, draft, isReadable ? "ready" : "suspended");
  }
  if (isReadable && source.state !== "ready") return moved(dataSource, source, "resume", patch);
  if (!isReadable && source.state === "ready") return moved(dataSource, source, "suspend", patch);
  return updated(dataSource, source, patch);
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
  const tags = { ...automatic, ...place.tags, ...known?.givenTags };
  if (known === undefined) {
    const draft = { ...item, source: place.id, device: place.device, access: place.access, tags, givenTags: {} };
    return [created(data, newId(), draft)];
  }
  const patch = { bytes: item.bytes, hash: item.hash, modifiedAt: item.modifiedAt, access: place.access, tags };
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

/** Remembers what the report named so far; after its last part the source can be settled. */
async function progressChanges(
  { report, firstPart, lastPart, parts, items }: Slice,
  source: DataSource | undefined,
  id: string,
  { store, newId }: PlatformContext,
): Promise<readonly Change[]> {
  const progress = firstPart > 0 && source ? await store.get(reportProgress, id) : undefined;
  const isWhole = firstPart === 0 || (progress?.report === report && progress.next === firstPart);
  // A part was lost: what this report leaves out cannot be told any more, the next one will say.
  if (!isWhole) return [removed(reportProgress, id)];
  const old = firstPart === 0 && source ? await namesOfOthers(report, id, store) : [];
  const names = { id: `${id}/${report}/${firstPart}`, source: id, report, names: items.map(({ name }) => name) };
  return [
    ...old.map((each) => removed(reportedNames, each)),
    put(reportedNames, names),
    put(reportProgress, { id, report, next: lastPart + 1 }),
    ...(lastPart + 1 === parts ? [put(unsettledSources, { id: newId(), source: id, report })] : []),
  ];
}

async function namesOfOthers(report: string, source: string, store: PlatformContext["store"]) {
  const others: string[] = [];
  for await (const each of store.scan(reportedNames, { index: "source", prefix: [source] }))
    if (each.report !== report) others.push(each.id);
  return others;
}
