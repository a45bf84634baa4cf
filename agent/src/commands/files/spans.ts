import type { HandlerContext } from "../handlers/handler.ts";
import type { ContentRoad } from "../../link/content-road.ts";
import type { HeldChunks, PlacedChunk } from "./chunks.ts";
import { persistently } from "./transfer.ts";

/** What is asked for at once. */
export interface Span {
  readonly chunks: readonly PlacedChunk[];
  readonly bytes: number;
}

/** Of the chunks that are still to come the next ones that come from afar: as many as go into one piece, and one in any case. Without chunks it is a piece. */
export function spanOf(
  chunks: readonly PlacedChunk[],
  { from, bytes, most }: { readonly from: number; readonly bytes: number; readonly most: number },
  held: Pick<HeldChunks, "has"> | undefined,
): Span {
  const taken: PlacedChunk[] = [];
  let end = from;
  for (const chunk of chunks) {
    if (taken.length > 0 && (held?.has(chunk) === true || chunk.from + chunk.bytes - from > most)) break;
    taken.push(chunk);
    end += chunk.bytes;
  }
  return { chunks: taken, bytes: taken.length > 0 ? end - from : Math.min(most, bytes - from) };
}

/** Bytes of the content from the control plane, at the pace of this device; undefined when it does not have as many. */
export async function fetched(
  { from, limit }: { readonly from: number; readonly limit: number },
  {
    road,
    context,
  }: { readonly road: ContentRoad; readonly context: Pick<HandlerContext, "command" | "files" | "signal"> },
): Promise<Uint8Array | undefined> {
  const { command, files, signal } = context;
  const content = Buffer.alloc(limit);
  for (let done = 0; done < limit;) {
    const ask = { command, from: from + done, limit: Math.min(files.pace.pieceBytes(), limit - done) };
    await files.pace.take(ask.limit, signal);
    const piece = await persistently(() => road.fetch(ask, signal), files, signal);
    if (piece.length === 0 || piece.length > ask.limit) return undefined;
    content.set(piece, done);
    done += piece.length;
  }
  return content;
}
