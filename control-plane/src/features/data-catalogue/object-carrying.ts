import { moved, put, removed, updated } from "../../platform/change.ts";
import { askItself } from "../../platform/dispatch.ts";
import { ObjectStoreError, type Bucket, type Upload } from "../../platform/object-store.ts";
import { Problem } from "../../platform/problem.ts";
import { repeatOnConflict } from "../../platform/repeat.ts";
import { createFile, file, findFile, finishFile, PIECE_BYTES, readFile, writeFile } from "../files/contract.ts";
import type { DataCatalogueContext } from "./context.ts";
import { availableBytes, data, dataSource, type Data } from "./contract.ts";
import { noted } from "./history-contract.ts";
import { bucketOf, dataChange, dataNamed } from "./object-looking.ts";
import { buckets, objectErrands, type BucketRow, type ObjectErrand } from "./tables.ts";

/** What is only handed on is wanted again soon or not at all: seconds. */
const KEPT_FOR = 86_400;

/** Does what was asked for with one object, to its end. Repeats safely: what came before a crash is gone on from. */
export async function carry(errand: ObjectErrand, context: DataCatalogueContext): Promise<void> {
  const { store } = context;
  try {
    const row = await store.get(buckets, errand.source);
    if (row === undefined) throw new ObjectStoreError("its source is registered no more");
    await ways[errand.errand]({ errand, row, bucket: bucketOf(row, context) }, context);
    await store.commit(removed(objectErrands, errand.id));
  } catch (error) {
    if (!(error instanceof ObjectStoreError) && !(error instanceof Problem)) throw error;
    // With the file that was begun for it meanwhile.
    const now = (await store.get(objectErrands, errand.id)) ?? errand;
    await store.commit(put(objectErrands, { ...now, cause: error.message, at: context.clock.now() }));
  }
}

interface Carrying {
  readonly errand: ObjectErrand;
  readonly row: BucketRow;
  readonly bucket: Bucket;
}

const ways = { fetch: fetched, put: stored, drop: dropped };
const keyOf = ({ errand: { name }, row: { prefix } }: Carrying): string => prefix + name;

/** The content becomes a file of the centre, which is nothing else than its hash says. */
async function fetched(of: Carrying, context: DataCatalogueContext): Promise<void> {
  const { errand, bucket } = of;
  const piece = await dataNamed(errand.name, errand.source, context.store);
  if (piece?.hash !== errand.sha256 || piece.revision === undefined)
    throw new ObjectStoreError(`"${errand.name}" is something else by now`);
  const id = await fileFor(errand, piece, context);
  let { received } = await askItself(findFile, { file: id }, context);
  const object = { key: keyOf(of), revision: piece.revision };
  if (received < piece.bytes)
    for await (const part of inPieces(bucket.read(object, received))) {
      const content = part.toString("base64");
      ({ received } = await askItself(writeFile, { file: id, from: received, content }, context));
    }
  const { state, reason } = await askItself(finishFile, { file: id, sha256: errand.sha256 }, context);
  if (state !== "ready") throw new ObjectStoreError(reason);
}

/** The file that was begun, or a new one. */
async function fileFor(errand: ObjectErrand, { name, bytes }: Data, context: DataCatalogueContext): Promise<string> {
  const begun = errand.file === undefined ? undefined : await context.store.get(file, errand.file);
  if (begun?.state === "uploading") return begun.id;
  const own = name.slice(name.lastIndexOf("/") + 1).slice(0, 255);
  const draft = { name: own, bytes, sha256: errand.sha256, keep: KEPT_FOR, passing: true };
  const { id } = await askItself(createFile, draft, context);
  await context.store.commit(put(objectErrands, { ...errand, file: id }));
  return id;
}

/** The content of a file of the centre becomes an object, and data at once. */
async function stored(of: Carrying, context: DataCatalogueContext): Promise<void> {
  const { errand, row, bucket } = of;
  const { store } = context;
  const [whole] = (await store.list(file, { index: "hash", prefix: [errand.sha256], limit: 1 })).items;
  if (whole === undefined) throw new ObjectStoreError("the content is not here any more");
  const key = keyOf(of);
  const { bytes, id } = whole;
  const pieces = (from: number, to: number) => piecesOf(id, { from, to }, context);
  const told = (upload: Upload | undefined) => {
    const { upload: _, ...rest } = errand;
    return store.commit(put(objectErrands, { ...rest, ...(upload !== undefined && { upload }) }));
  };
  await bucket.write(key, { bytes, sha256: errand.sha256, pieces }, { begun: errand.upload, told });
  const found = await bucket.find(key);
  const source = await store.get(dataSource, row.id);
  if (found === undefined || source === undefined) throw new ObjectStoreError("it was taken, and is not there");
  const known = await dataNamed(errand.name, row.id, store);
  const change = dataChange(
    { ...found, name: errand.name, hash: errand.sha256 },
    known,
    { row, source },
    context.newId,
  );
  await repeatOnConflict(async () => {
    const now = (await store.get(dataSource, row.id)) ?? source;
    const freeBytes = Math.max(0, now.freeBytes - whole.bytes);
    await store.commit(
      change,
      updated(dataSource, now, { freeBytes, availableBytes: availableBytes({ ...now, freeBytes }) }),
    );
  });
}

/** An object goes, as long as it is what it was. */
async function dropped(of: Carrying, { store, clock }: DataCatalogueContext): Promise<void> {
  const { errand, bucket } = of;
  const key = keyOf(of);
  const known = await dataNamed(errand.name, errand.source, store);
  const found = await bucket.find(key);
  if (found !== undefined && known !== undefined) {
    if (known.hash !== errand.sha256 || found.revision !== known.revision)
      throw new ObjectStoreError(`"${errand.name}" is something else by now`);
    await bucket.remove(key);
  }
  if (known !== undefined && known.state !== "removed")
    await store.commit(
      moved(data, known, "remove"),
      await noted(known.id, { at: clock.now(), what: "removed" }, store),
    );
}

/** Pieces as files take them, whatever came at one time. */
async function* inPieces(chunks: AsyncIterable<Uint8Array>): AsyncGenerator<Buffer> {
  let [parts, bytes]: [Uint8Array[], number] = [[], 0];
  for await (const chunk of chunks) {
    parts.push(chunk);
    bytes += chunk.length;
    if (bytes < PIECE_BYTES) continue;
    const all = Buffer.concat(parts);
    let from = 0;
    for (; bytes - from >= PIECE_BYTES; from += PIECE_BYTES) yield all.subarray(from, from + PIECE_BYTES);
    [parts, bytes] = [[all.subarray(from)], bytes - from];
  }
  if (bytes > 0) yield Buffer.concat(parts);
}

async function* piecesOf(
  id: string,
  { from, to }: { readonly from: number; readonly to: number },
  context: DataCatalogueContext,
): AsyncGenerator<Uint8Array> {
  for (let at = from; at < to;) {
    const { content, next } = await askItself(readFile, { file: id, from: at }, context);
    yield Buffer.from(content, "base64").subarray(0, to - at);
    at = next;
  }
}
