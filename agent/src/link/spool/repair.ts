import type { StreamName, v1 } from "@edgemere/protocol";
import { scan, type Frame } from "./frame.ts";
import { gapOf, keep, kept, type KeptRecord } from "./kept-record.ts";

interface SegmentFile {
  readonly stream: StreamName;
  /** The number in the file's name. */
  readonly first: number;
  readonly content: Uint8Array;
  /** The number that follows the segment before; undefined for the first segment. */
  readonly expected: number | undefined;
  /** The number in the next file's name; undefined for the newest segment. */
  readonly limit: number | undefined;
}

interface Repaired {
  /** Contiguous, from what was expected up to the limit. */
  readonly records: readonly KeptRecord[];
  /** The number that follows the last record. */
  readonly next: number;
  /** Whether the file must be written anew to say the same. */
  readonly isChanged: boolean;
  /** Bytes after the last whole record: in the newest segment a write that a power cut tore. */
  readonly tornBytes: number;
}

/** What a segment's file is good for. What is missing in the middle becomes a gap; a torn end was never promised to anybody. */
export function repair({ stream, first, content, expected, limit }: SegmentFile): Repaired {
  const frames = scan(content);
  const start = Math.max(first, expected ?? first);
  const records: KeptRecord[] = [];
  let next = start;
  const missing = (upTo: number) => {
    if (upTo >= next) records.push(damage(stream, next, upTo, records.at(-1)));
  };

  for (const record of frames.flatMap((each) => readable(stream, each))) {
    // A segment begun after a failed write begins with the first number that was not kept: what has it here was not.
    const isCut = limit !== undefined && record.first >= limit;
    if (record.last < next || isCut) continue;
    missing(record.first - 1);
    records.push(record.first >= next ? record : shortened(stream, record, next));
    next = record.last + 1;
  }
  if (limit !== undefined && limit > next) {
    missing(limit - 1);
    next = limit;
  }
  const isChanged = records.length !== frames.length || records.some((each, i) => each.payload !== frames[i]?.payload);
  return { records, next, isChanged, tornBytes: content.length - (frames.at(-1)?.end ?? 0) };
}

function readable(stream: StreamName, { payload }: Frame): readonly KeptRecord[] {
  try {
    return [{ ...kept(stream, payload), payload }];
  } catch {
    // The checksum fits, so an agent of another version wrote it: as lost as if it were damaged.
    return [];
  }
}

function damage(stream: StreamName, first: number, last: number, before: KeptRecord | undefined): KeptRecord {
  const atMs = before?.record.atMs ?? 0;
  const loss = { records: last - first + 1, bytes: 0, fromMs: atMs, toMs: atMs, estimated: true };
  return keep(stream, gapOf(first, last, "damaged", loss));
}

function shortened(stream: StreamName, gap: KeptRecord, first: number): KeptRecord {
  const whole: v1.Record.$Properties = gap.record;
  return keep(stream, { ...whole, sequence: first });
}
