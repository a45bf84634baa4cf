import { createHash } from "node:crypto";
import { chunkBytes, encodeChunks, limits } from "@edgemere/protocol";
import type { OutgoingFile } from "../../host/file-transfers.ts";
import { ContentRefused, type ContentRoad } from "../../link/content-road.ts";
import { chunksIn, type PlacedChunk } from "../files/chunks.ts";
import { persistently, teller } from "../files/transfer.ts";
import { mistakeInPath } from "../files/mistake-in-path.ts";
import type { ArgumentsOf, Handler, HandlerContext, Outcome, ResultOf } from "./handler.ts";

/** Sends a file of the device, as it is while it is sent. */
export const fileGet: Handler<"file.get"> = {
  check: ({ path, maxBytes }) => (maxBytes === 0 ? "max_bytes: must be at least 1" : mistakeInPath(path)),
  run: (given, context) => getFile(given, context, { offersChunks: false }),
};

type Got = Outcome<ResultOf<"file.get">>;

/** The same; the control plane takes a list of chunks first where it has named the content by its hash. */
export async function getFile(
  { path, maxBytes }: ArgumentsOf<"file.get">,
  context: HandlerContext,
  { offersChunks }: { readonly offersChunks: boolean },
): Promise<Got> {
  const { transfers, road, roots } = context.files;
  if (transfers === undefined || road === undefined)
    return { reason: "unsupported", detail: "no file goes from this device" };
  await using file = await transfers.open({ path, roots });
  if (file.bytes > maxBytes)
    return { reason: "too-large", detail: `${path} has ${file.bytes} bytes, and ${maxBytes} were asked for at most` };
  try {
    return await sent(file, { road, chunks: offersChunks ? await chunksIn(file, context.signal) : [] }, context);
  } catch (error) {
    if (error instanceof ContentRefused) return { reason: "no-content", detail: error.message };
    throw error;
  }
}

async function sent(
  file: OutgoingFile,
  { road, chunks }: { readonly road: ContentRoad; readonly chunks: readonly PlacedChunk[] },
  { files, command, output, signal }: HandlerContext,
): Promise<Got> {
  const { bytes, revision } = file;
  const { pace, clock } = files;
  const tell = teller(clock, (text) => output("stdout", Buffer.from(text)), "sent");
  const ask = (piece: { from: number; content?: Uint8Array; sha256?: string }) =>
    persistently(() => road.send({ command, bytes, revision, ...piece }, signal), files, signal);
  const offer = (content: Uint8Array) =>
    persistently(() => road.offer({ command, bytes, revision, content }, signal), files, signal).catch(unlessRefused);
  const hash = createHash("sha256");
  const list = encodeChunks(chunks);
  const isOffered = list.length > 0 && list.length <= limits.filePieceBytes;
  let { received } = (isOffered && (await offer(list))) || (await ask({ from: 0 }));
  let sentBytes = 0;
  for (let from = 0; from < bytes;) {
    // What is there already is read all the same, for the hash over all.
    const isThere = from < received;
    const limit = isThere ? received - from : nextOf(chunks, from, bytes, pace.pieceBytes(chunkBytes.least));
    const content = await file.read(from, Math.min(limit, limits.filePieceBytes));
    if (content.length === 0) return changed;
    hash.update(content);
    from += content.length;
    if (isThere) continue;
    await pace.take(content.length, signal);
    ({ received } = await ask({ from: from - content.length, content }));
    sentBytes += content.length;
    if (received < from)
      return { reason: "no-content", detail: `the control plane has ${received} bytes, and ${from} were sent` };
    await tell(received, bytes);
  }
  if (!(await file.isUnchanged())) return changed;
  const sha256 = hash.digest();
  const { state, reason } = await ask({ from: bytes, sha256: sha256.toString("hex") });
  if (state !== "ready") return { reason: "bad-hash", detail: reason };
  return { result: { bytes, sha256, sentBytes } };
}

/** How much goes next: to the end of a chunk, so that what follows may be known there; and no crumbs on the way. */
function nextOf(chunks: readonly PlacedChunk[], from: number, bytes: number, most: number): number {
  const chunk = chunks.find((each) => each.from + each.bytes > from);
  if (chunk === undefined) return Math.min(most, bytes - from);
  const rest = chunk.from + chunk.bytes - from;
  if (rest <= most || rest < 2 * chunkBytes.least) return rest;
  return Math.min(most, rest - chunkBytes.least);
}

/** An older control plane takes no list. */
function unlessRefused(error: unknown): undefined {
  if (!(error instanceof ContentRefused)) throw error;
}

const changed = { reason: "changed", detail: "it was written to while it was read: nothing of it counts" } as const;
