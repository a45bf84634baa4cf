import type { StreamName } from "@edgemere/protocol";
import { mostFrames, scan, type Frame } from "./frame.ts";
import { gapOf, keep, within, type GapReason, type KeptRecord } from "./kept-record.ts";

interface SegmentFile {
  readonly stream: StreamName;
  /** The number in the file's name. */
  readonly first: number;
  readonly content: Uint8Array;
  /** The number that follows the segment before; undefined for the first segment. */
  readonly expected: number | undefined;
  /** The number in the next file's name; undefined for the newest segment. */
  readonly limit: number | undefined;
  /** How a record is read: `kept`, or `outlined` where only its place is asked for. Throws when the bytes are none. */
  readonly read: (stream: StreamName, payload: Uint8Array) => KeptRecord;
}

interface Repaired {
  /** Contiguous, from what was expected up to the limit. */
  readonly records: readonly KeptRecord[];
  /** The number that follows the last record. */
  readonly next: number;
  /** The file says the same, and nothing else. */
  readonly isSound: boolean;
  /** Something in it was kept once and cannot be read any more; what a power cut tore at the end is no damage. */
  readonly isDamaged: boolean;
}

/**
 * What a segment's file is good for. What is missing in the middle becomes a gap. Whether what is broken at the end of
 * the newest one was ever promised cannot be known: its numbers are given up, so that none is used twice.
 */
export function repair({ stream, first, content, expected, limit, read }: SegmentFile): Repaired {
  const frames = scan(content);
  const start = Math.max(first, expected ?? first);
  const records: KeptRecord[] = [];
  let next = start;
  let isDamaged = false;
  const missing = (upTo: number, after?: KeptRecord) => {
    if (upTo < next) return;
    isDamaged = true;
    records.push(lost({ stream, first: next, last: upTo, reason: "damaged", before: records.at(-1), after }));
    next = upTo + 1;
  };

  for (const record of frames.flatMap((each) => readable(stream, each, read))) {
    // A segment begun after a failed write begins with the first number that was not kept: what has it here was not.
    const isCut = limit !== undefined && record.first >= limit;
    if (record.last < next || isCut) continue;
    missing(record.first - 1, record);
    records.push(...within(stream, record, next, (limit ?? Infinity) - 1));
    next = (records.at(-1)?.last ?? next) + 1;
  }
  const torn = content.subarray(frames.at(-1)?.end ?? 0);
  if (limit !== undefined) missing(limit - 1);
  else if (torn.length > 0) {
    const last = next + mostFrames(torn) - 1;
    records.push(lost({ stream, first: next, last, reason: "counter-recovery", before: records.at(-1) }));
    next = last + 1;
  }
  const isSame = records.length === frames.length && records.every((each, i) => each.payload === frames[i]?.payload);
  const isWhole = frames.reduce((sum, { start: from, end }) => sum + end - from, 0) === content.length;
  return { records, next, isSound: isSame && isWhole, isDamaged };
}

function readable(stream: StreamName, { payload }: Frame, read: SegmentFile["read"]): readonly KeptRecord[] {
  try {
    return [read(stream, payload)];
  } catch {
    // The checksum fits, so an agent of another version wrote it: as lost as if it were damaged.
    return [];
  }
}

interface Missing {
  readonly stream: StreamName;
  readonly first: number;
  readonly last: number;
  readonly reason: GapReason;
  readonly before?: KeptRecord | undefined;
  readonly after?: KeptRecord | undefined;
}

/** A gap for records of which nothing is known but their numbers and their neighbours. */
export function lost({ stream, first, last, reason, before, after }: Missing): KeptRecord {
  const times = [before, after].flatMap((each) => each?.record.atMs ?? []);
  const [fromMs, toMs] = times.length > 0 ? [Math.min(...times), Math.max(...times)] : [0, 0];
  const clockPeriod = (after ?? before)?.record.clockPeriod ?? 0;
  const estimated = reason === "counter-recovery";
  const loss = { records: last - first + 1, bytes: 0, fromMs, toMs, estimated, clockPeriod };
  return keep(stream, gapOf(first, last, reason, loss));
}
