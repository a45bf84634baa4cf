import { createHash } from "node:crypto";
import { Chunker, type Chunk } from "@edgemere/protocol";
import { putBytes, type Change } from "../../platform/change.ts";
import { keyOf, lastNumberPart, rangeOf } from "../../platform/keys.ts";
import type { Store } from "../../platform/store.ts";

const KEYS = "filecontent";
// Pieces that one commit removes: they are read on the way.
const PIECES = 32;

/** A piece of a file's content, at its place. */
export const contentPiece = (file: string, from: number, bytes: Uint8Array): Change =>
  putBytes(keyOf(KEYS, file, from), bytes);

/**
 * Up to `limit` bytes of a file's content from a position on, as far as there are any without a hole. Reads no more
 * pieces than it takes.
 */
export async function contentOf(
  store: Store,
  file: string,
  { from, limit }: { readonly from: number; readonly limit: number },
): Promise<Buffer> {
  const parts: Uint8Array[] = [];
  let next = from;
  for await (const [at, bytes] of piecesFrom(store, file, from)) {
    if (at > next) break;
    const part = bytes.subarray(next - at, next - at + limit - (next - from));
    parts.push(part);
    next += part.length;
    if (next - from >= limit) break;
  }
  return Buffer.concat(parts);
}

interface Whole {
  /** Hex. */
  readonly sha256: string;
  readonly bytes: number;
  readonly chunks: readonly Chunk[];
}

/** What the content that is there is, read once from the disk. */
export async function wholeOf(store: Store, file: string): Promise<Whole> {
  const hash = createHash("sha256");
  const chunker = new Chunker();
  let next = 0;
  for await (const [at, bytes] of piecesFrom(store, file, 0)) {
    if (at !== next) break;
    hash.update(bytes);
    chunker.write(bytes);
    next += bytes.length;
  }
  return { sha256: hash.digest("hex"), bytes: next, chunks: chunker.end() };
}

/** Removes a file's content, some pieces at a time: cut short, it is done again. */
export async function forgetContent(store: Store, file: string): Promise<void> {
  for (;;) {
    const keys: string[] = [];
    for await (const [key] of store.bytesBetween({ ...rangeOf(KEYS, file), limit: PIECES })) keys.push(key);
    if (keys.length === 0) return;
    await store.commit(...keys.map((key) => putBytes(key, undefined)));
  }
}

async function* piecesFrom(store: Store, file: string, from: number): AsyncGenerator<readonly [number, Uint8Array]> {
  const { gte, lt } = rangeOf(KEYS, file);
  const start = keyOf(KEYS, file, from);
  // The piece that `from` lies in begins before it.
  for await (const [key, bytes] of store.bytesBetween({ gte, lt: start, reverse: true, limit: 1 })) {
    const at = lastNumberPart(key);
    if (at + bytes.length > from) yield [at, bytes];
  }
  for await (const [key, bytes] of store.bytesBetween({ gte: start, lt })) yield [lastNumberPart(key), bytes];
}
