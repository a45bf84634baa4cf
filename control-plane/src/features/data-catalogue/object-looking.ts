import { createHash } from "node:crypto";
import { MINUTE, SECOND } from "@edgemere/protocol/kit";
import { Conflict, created, moved, put, updated, type Change } from "../../platform/change.ts";
import type { Store } from "../../platform/store.ts";
import { ObjectStoreError, type Bucket, type StoredObject } from "../../platform/object-store.ts";
import type { DataCatalogueContext } from "./context.ts";
import { availableBytes, data, dataSource, TAG_KEY, TAG_LENGTH, type Data, type DataSource } from "./contract.ts";
import { noted } from "./history-contract.ts";
import { buckets, unsettledSources, type BucketRow } from "./tables.ts";
import { automaticTags } from "./tags.ts";

/** How often a bucket is looked through. */
const EVERY = 5 * MINUTE;
const SOONEST = 10 * SECOND;
const LATEST = 10 * MINUTE;
/** As many as a directory of a device may hold. */
const OBJECTS_AT_MOST = 100_000;
/** Tags of one object that are taken over; a store has ten at most. */
const OWN_TAGS_AT_MOST = 16;
/** New and changed objects of one step, and bytes of them that are read: the other buckets get their turn. */
const NEW_AT_ONCE = 50;
const READ_AT_ONCE = 256 * 1024 ** 2;

/** How far a bucket is looked through. It lives as long as the process: what is known already costs a line of a list. */
export interface Walk {
  readonly seen: Set<string>;
  after: string;
  bytes: number;
}
export const begin = (): Walk => ({ seen: new Set(), after: "", bytes: 0 });

/** The bucket of a row. Throws ObjectStoreError. */
export function bucketOf(row: BucketRow, { objectStores }: DataCatalogueContext): Bucket {
  if (objectStores === undefined) throw new ObjectStoreError("no object store may be asked");
  const { endpoint, bucket, region, accessKey, sealedKey, id } = row;
  return objectStores.open({ endpoint, bucket, region, accessKey, secretKey: objectStores.unseal(sealedKey, id) });
}

/** Looks at the next objects of a bucket; whether that was the end of it. What it could not do is told by the source. */
export async function look(row: BucketRow, walk: Walk, context: DataCatalogueContext): Promise<"goes on" | "over"> {
  const { store, clock } = context;
  const source = await store.get(dataSource, row.id);
  if (source === undefined) return "over";
  try {
    const isLast = await lookOn({ row, source, walk }, context);
    if (!isLast) {
      await store.commit(put(buckets, { ...row, nextTryAt: clock.now() }));
      return "goes on";
    }
    const removals = await removalsOf(row.id, walk, context);
    for (let i = 0; i < removals.length; i += NEW_AT_ONCE) await store.commit(...removals.slice(i, i + NEW_AT_ONCE));
    await store.commit(...(await lookedThrough(row, walk, context)));
    return "over";
  } catch (error) {
    if (error instanceof ObjectStoreError) await store.commit(...(await suspended(row, error.message, context)));
    else if (!(error instanceof Conflict)) throw error;
    return "over";
  }
}

interface Looking {
  readonly row: BucketRow;
  readonly source: DataSource;
  readonly walk: Walk;
}

async function lookOn({ row, source, walk }: Looking, context: DataCatalogueContext): Promise<boolean> {
  const { store } = context;
  const bucket = bucketOf(row, context);
  const { objects, isLast } = await bucket.list({ prefix: row.prefix, after: walk.after });
  let [fresh, read] = [0, 0];
  for (const object of objects) {
    const name = nameIn(object, row);
    const known = name === undefined ? undefined : await dataNamed(name, row.id, store);
    if (name !== undefined && !isKnown(object, known)) {
      if (fresh >= NEW_AT_ONCE || read >= READ_AT_ONCE) return false;
      const found = await bucket.find(object.key);
      if (found !== undefined) {
        const hash = found.sha256 ?? (await hashOf(bucket, found));
        fresh += 1;
        read += found.sha256 === undefined ? found.bytes : 0;
        await store.commit(
          dataChange({ ...found, name, hash }, known, { row, source }, context.newId),
          ...(known === undefined
            ? []
            : [await noted(known.id, { at: context.clock.now(), ...happenedTo(hash, known) }, store)]),
        );
      }
    }
    if (name !== undefined) {
      walk.seen.add(name);
      walk.bytes += object.bytes;
    }
    if (walk.seen.size > OBJECTS_AT_MOST)
      throw new ObjectStoreError(`it holds more than ${OBJECTS_AT_MOST} objects; register a narrower prefix`);
    walk.after = object.key;
  }
  return isLast;
}

const happenedTo = (hash: string, known: Data) =>
  hash === known.hash ? { what: "back" as const } : { what: "changed" as const, hash };

/** What an object is called; undefined for what marks a folder, and for what cannot be named in an address. */
function nameIn({ key, bytes }: StoredObject, { prefix }: Pick<BucketRow, "prefix">): string | undefined {
  const name = key.startsWith(prefix) ? key.slice(prefix.length) : "";
  const isFolder = bytes === 0 && key.endsWith("/");
  const isPlain = !/[\x00-\x1f\x7f]/.test(name) && !key.split("/").some((part) => part === "." || part === "..");
  return name === "" || isFolder || !isPlain ? undefined : name;
}

const isKnown = ({ bytes, modifiedAt, revision }: StoredObject, known: Data | undefined): boolean =>
  known !== undefined &&
  known.state !== "removed" &&
  known.bytes === bytes &&
  known.modifiedAt === modifiedAt &&
  known.revision === revision;

export const dataNamed = async (name: string, source: string, store: Store): Promise<Data | undefined> =>
  (await store.list(data, { index: "source", prefix: [source, name], limit: 1 })).items[0];

/** What nobody told the content of is read once, as a device reads its files. */
async function hashOf(bucket: Bucket, object: StoredObject): Promise<string> {
  const hash = createHash("sha256");
  let bytes = 0;
  for await (const piece of bucket.read(object, 0)) {
    hash.update(piece);
    bytes += piece.length;
  }
  if (bytes !== object.bytes)
    throw new ObjectStoreError(`"${object.key}" has ${object.bytes} bytes, and ${bytes} came`);
  return hash.digest("hex");
}

interface Found extends StoredObject {
  readonly name: string;
  readonly hash: string;
  readonly tags: Readonly<Record<string, string>>;
}

/** What becomes of data when its object was looked at. */
export function dataChange(
  { name, bytes, hash, modifiedAt, revision, tags: told }: Found,
  known: Data | undefined,
  { row, source }: Pick<Looking, "row" | "source">,
  newId: () => string,
): Change {
  const byRule = row.rules.filter(({ prefix }) => name.startsWith(prefix)).map(({ tags }) => tags);
  const taken = Object.entries(told).filter(([key, value]) => TAG_KEY.test(key) && value.length <= TAG_LENGTH);
  const ownTags = Object.assign({}, ...byRule, Object.fromEntries(taken.slice(0, OWN_TAGS_AT_MOST))) as typeof told;
  const automatic = automaticTags({ name, source: source.name });
  const givenTags = known?.givenTags ?? {};
  const tags = { ...automatic, ...source.tags, ...ownTags, ...givenTags };
  const access = row.isWritable ? ("read-write" as const) : ("read" as const);
  const patch = { bytes, hash, modifiedAt, revision, access, ownTags, tags };
  if (known === undefined) return created(data, newId(), { ...patch, name, source: row.id, device: "", givenTags });
  return known.state === "available" ? updated(data, known, patch) : moved(data, known, "recover", patch);
}

async function removalsOf(
  source: string,
  { seen }: Walk,
  { store, clock }: DataCatalogueContext,
): Promise<readonly Change[]> {
  const changes: Change[] = [];
  for await (const row of store.scan(data, { index: "source", prefix: [source] }))
    if (row.state !== "removed" && !seen.has(row.name))
      changes.push(moved(data, row, "remove"), await noted(row.id, { at: clock.now(), what: "removed" }, store));
  return changes;
}

/** The source is as it should be, and what could not be reached can be. */
async function lookedThrough(
  row: BucketRow,
  { bytes }: Walk,
  { store, clock, newId }: DataCatalogueContext,
): Promise<readonly Change[]> {
  const source = await store.get(dataSource, row.id);
  if (source === undefined || source.state === "shutdown") return [];
  const now = clock.now();
  const freeBytes = Math.max(0, row.room - bytes);
  const room = { totalBytes: row.room, freeBytes, availableBytes: availableBytes({ ...source, freeBytes }) };
  const { nextTryAt: _, ...shown } = source;
  const patch = { ...room, failure: "", reportedAt: now };
  return [
    put(buckets, { ...row, tries: 0, nextTryAt: now + EVERY }),
    source.state === "suspended"
      ? moved(dataSource, shown as DataSource, "resume", patch)
      : updated(dataSource, shown as DataSource, patch),
    put(unsettledSources, { id: newId(), source: row.id }),
  ];
}

async function suspended(
  row: BucketRow,
  failure: string,
  { store, clock, newId }: DataCatalogueContext,
): Promise<readonly Change[]> {
  const source = await store.get(dataSource, row.id);
  if (source === undefined || source.state === "shutdown") return [];
  const tries = row.tries + 1;
  const nextTryAt = clock.now() + Math.min(LATEST, SOONEST * 2 ** Math.min(row.tries, 10));
  const patch = { failure, nextTryAt };
  return [
    put(buckets, { ...row, tries, nextTryAt }),
    source.state === "ready" ? moved(dataSource, source, "suspend", patch) : updated(dataSource, source, patch),
    put(unsettledSources, { id: newId(), source: row.id }),
  ];
}
