import { SECOND } from "@edgemere/protocol/kit";

/** What one session has learnt of the road to the control plane. */
export interface Road {
  /** Bytes of one stream that may be under way. */
  readonly window: number;
  /** The shortest answer so far, milliseconds: what is above it is waiting. */
  readonly shortest: number;
}

/** What a batch that was acknowledged tells. */
export interface Passage {
  readonly bytes: number;
  /** From sending to its acknowledgement, milliseconds. */
  readonly took: number;
}

/** So little that a command's answer does not wait long behind it on a road of 64 kbit/s. */
export const SMALLEST_WINDOW = 16 * 1024;
/** Bytes a second of what was kept before the session began: those who watch now come first. */
export const BACKFILL_RATE = 256 * 1024;
const SLOW = SECOND;
const FAST = SECOND / 2;

/** Nothing is known of a new road but how long the Hello took. */
export const newRoad = (answered: number): Road => ({ window: SMALLEST_WINDOW, shortest: answered });

/** A road on which batches wait takes less, one on which they do not takes more. */
export function afterPassage({ window, shortest }: Road, { bytes, took }: Passage, largest: number): Road {
  const least = Math.min(shortest, took);
  const waited = took - least;
  // A small batch says nothing of how a large one would fare.
  const isTelling = bytes >= largestBatch(window) / 2;
  const next = waited > SLOW ? window / 2 : waited < FAST && isTelling ? window * 2 : window;
  return { window: Math.min(largest, Math.max(SMALLEST_WINDOW, next)), shortest: least };
}

/** Several batches fit into a window, so that something more important gets between two of them. */
const largestBatch = (window: number): number => Math.floor(window / 2);

/** Bytes that may be sent now of a stream with so many under way; backlog leaves half of the window free. */
export const roomFor = ({ window }: Road, underWay: number, isBacklog: boolean): number =>
  Math.min(largestBatch(window), (isBacklog ? window / 2 : window) - underWay);
