import { createHash } from "node:crypto";
import { decodeChunks, type Chunk } from "@edgemere/protocol";
import { putBytes, type Change } from "../../platform/change.ts";
import { keyOf, lastNumberPart, partsOf, rangeOf } from "../../platform/keys.ts";
import type { Store } from "../../platform/store.ts";
import { contentOf } from "./content.ts";

/** The chunks of a file: of one that is ready as it lies here, of one that is uploaded as its sender says. */
const LISTS = "filechunks";
/** Where a chunk lies: by its hash, in which file and from which byte on. */
const PLACES = "filechunkat";
const ONE = Uint8Array.of(1);
// Places that one commit writes or removes.
const AT_ONCE = 500;

/** The list as it travels; empty where there is none. */
export const listOf = async (store: Store, file: string): Promise<Uint8Array> =>
  (await store.bytes(keyOf(LISTS, file))) ?? new Uint8Array();

export const chunkList = (file: string, list: Uint8Array): Change => putBytes(keyOf(LISTS, file), list);

/** Writes down where the chunks of a file lie, before it is ready: what is told of them is looked at again when it is used. */
export async function keepPlaces(store: Store, file: string, chunks: readonly Chunk[]): Promise<void> {
  const places = placesOf(file, chunks);
  for (let i = 0; i < places.length; i += AT_ONCE)
    await store.commit(...places.slice(i, i + AT_ONCE).map((key) => putBytes(key, ONE)));
}

/** Removes what is known of a file's chunks; cut short, it is done again, since the list goes last. */
export async function forgetChunks(store: Store, file: string, bytes: number): Promise<void> {
  const list = await listOf(store, file);
  if (list.length === 0) return;
  const places = placesOf(file, decodeChunks(list, bytes));
  for (let i = 0; i < places.length; i += AT_ONCE)
    await store.commit(...places.slice(i, i + AT_ONCE).map((key) => putBytes(key, undefined)));
  await store.commit(putBytes(keyOf(LISTS, file), undefined));
}

/** The bytes of a chunk, from whichever file holds it still; undefined when none does. */
export async function heldChunk(store: Store, { sha256, bytes }: Chunk): Promise<Uint8Array | undefined> {
  for await (const [key] of store.bytesBetween(rangeOf(PLACES, sha256))) {
    const [, , file = ""] = partsOf(key);
    const content = await contentOf(store, String(file), { from: lastNumberPart(key), limit: bytes });
    if (content.length === bytes && createHash("sha256").update(content).digest("hex") === sha256) return content;
  }
  return undefined;
}

function placesOf(file: string, chunks: readonly Chunk[]): readonly string[] {
  let from = 0;
  return chunks.map(({ sha256, bytes }) => keyOf(PLACES, sha256, file, (from += bytes) - bytes));
}
