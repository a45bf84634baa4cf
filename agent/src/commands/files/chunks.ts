import { createHash } from "node:crypto";
import {
  chunkBytes,
  Chunker,
  decodeChunks,
  limits,
  mostListBytes,
  ProtocolError,
  type Chunk,
} from "@edgemere/protocol";
import type { FileTransfers, IncomingFile, OutgoingFile } from "../../host/file-transfers.ts";
import { HostError } from "../../host/host-error.ts";
import { ContentRefused, type ContentRoad } from "../../link/content-road.ts";
import { persistently, TransferStopped, type FileSurroundings } from "./transfer.ts";

/** A chunk at its place in the content. */
export interface PlacedChunk extends Chunk {
  readonly from: number;
}

const placed = (chunks: readonly Chunk[]): readonly PlacedChunk[] => {
  let from = 0;
  return chunks.map((chunk) => ({ ...chunk, from: (from += chunk.bytes) - chunk.bytes }));
};

export const isChunk = ({ sha256 }: Chunk, content: Uint8Array): boolean =>
  createHash("sha256").update(content).digest("hex") === sha256;

/** The chunks of the content that a command names, as the control plane knows them; none where it does not say, or says nonsense. */
export async function chunksOf(
  { command, bytes }: { readonly command: string; readonly bytes: number },
  { road, ...around }: Pick<FileSurroundings, "clock" | "random"> & { readonly road: ContentRoad },
  signal: AbortSignal,
): Promise<readonly PlacedChunk[]> {
  if (bytes <= chunkBytes.least) return [];
  const limit = limits.filePieceBytes;
  const pages: Uint8Array[] = [];
  try {
    for (let from = 0; from <= mostListBytes(bytes); from += limit) {
      const page = await persistently(() => road.chunks({ command, from, limit }, signal), around, signal);
      pages.push(page);
      if (page.length < limit) break;
    }
    const list = Buffer.concat(pages);
    return list.length === 0 ? [] : placed(decodeChunks(list, bytes));
  } catch (error) {
    // An older control plane knows no lists: then the content comes as before, and is judged as a whole.
    if (error instanceof ContentRefused || error instanceof ProtocolError) return [];
    throw error;
  }
}

/** The chunks of a file of this host. */
export async function chunksIn(file: OutgoingFile, signal: AbortSignal): Promise<readonly PlacedChunk[]> {
  const chunker = new Chunker();
  for (let from = 0; from < file.bytes;) {
    if (signal.aborted) throw new TransferStopped();
    const content = await file.read(from, limits.filePieceBytes);
    if (content.length === 0) break;
    chunker.write(content);
    from += content.length;
  }
  return placed(chunker.end());
}

/** Forgets what a power cut left of a file and is not its content: up to there every chunk is read and good. */
export async function keepGood(incoming: IncomingFile, chunks: readonly PlacedChunk[]): Promise<void> {
  let good = 0;
  for (const chunk of chunks) {
    if (chunk.from + chunk.bytes > incoming.received) break;
    if (!isChunk(chunk, await incoming.read(chunk.from, chunk.bytes))) break;
    good += chunk.bytes;
  }
  if (good < incoming.received) await incoming.cut(good);
}

/** Chunks that files of this host hold already, such as the content's former version. */
export interface HeldChunks extends AsyncDisposable {
  has(chunk: Chunk): boolean;
  /** Undefined when it is not there, or is something else by now. */
  read(chunk: Chunk): Promise<Uint8Array | undefined>;
}

/** Files of this host by their paths, within the folders that commands may touch. */
export interface SimilarFiles {
  readonly paths: readonly string[];
  readonly roots: readonly string[];
  readonly transfers: Pick<FileTransfers, "open">;
}

/** Looks through files for chunks that are wanted. What is not there, or not to be read, holds none. */
export async function heldIn(
  similar: SimilarFiles,
  wanted: readonly Chunk[],
  signal: AbortSignal,
): Promise<HeldChunks> {
  const names = new Set(wanted.map(({ sha256 }) => sha256));
  const places = new Map<string, { readonly file: OutgoingFile; readonly from: number }>();
  const open: OutgoingFile[] = [];
  const close = async () => void (await Promise.all(open.map((file) => file[Symbol.asyncDispose]())));
  try {
    const { paths, roots, transfers } = similar;
    for (const path of names.size === 0 ? [] : paths) {
      const file = await transfers.open({ path, roots }).catch(unlessRefused);
      if (file === undefined) continue;
      open.push(file);
      for (const { sha256, from } of (await chunksIn(file, signal).catch(unlessRefused)) ?? [])
        if (names.has(sha256)) places.set(sha256, { file, from });
    }
  } catch (error) {
    await close();
    throw error;
  }
  return {
    has: ({ sha256 }) => places.has(sha256),
    read: async (chunk) => {
      const place = places.get(chunk.sha256);
      if (place === undefined) return undefined;
      const content = await place.file.read(place.from, chunk.bytes).catch(unlessRefused);
      if (content !== undefined && isChunk(chunk, content)) return content;
      places.delete(chunk.sha256);
      return undefined;
    },
    [Symbol.asyncDispose]: close,
  };
}

function unlessRefused(error: unknown): undefined {
  if (!(error instanceof HostError)) throw error;
}
