import type { Schema, StreamName } from "@edgemere/protocol";
import { framedBytes, type KeptRecord } from "./kept-record.ts";

/** A record that waits to be kept, and who waits for that. */
export interface Waiting {
  readonly stream: StreamName;
  readonly record: KeptRecord;
  /** Without which nobody can read it. */
  readonly schema: Schema | undefined;
  readonly resolve: () => void;
  readonly reject: (error: unknown) => void;
}

/** What waits, in pieces that fit into a segment; a larger record is a piece of its own. */
export function inPieces(waiting: readonly Waiting[], bytes: number): readonly (readonly Waiting[])[] {
  const pieces: Waiting[][] = [];
  let room = 0;
  for (const each of waiting) {
    const needed = framedBytes([each.record]);
    if (needed > room) {
      pieces.push([]);
      room = bytes;
    }
    room -= needed;
    pieces.at(-1)?.push(each);
  }
  return pieces;
}
