import { checkRecord, v1, type Record_, type StreamName } from "@edgemere/protocol";
import { frame } from "./frame.ts";

/** A record of the spool with the sequence numbers it stands for: a gap stands for many. */
export interface KeptRecord {
  readonly first: number;
  readonly last: number;
  readonly record: Record_;
  /** Its bytes in a message. */
  readonly payload: Uint8Array;
}

/** Why records will never come. */
export type GapReason = "spool-full" | "disk-low" | "damaged";
/** A gap without its place. */
export interface Loss {
  readonly records: number;
  readonly bytes: number;
  readonly fromMs: number;
  readonly toMs: number;
  readonly estimated: boolean;
}

/** Throws ProtocolError when the control plane would refuse the record: it would never be acknowledged. */
export function keep(stream: StreamName, record: v1.Record.$Properties): KeptRecord {
  const payload = v1.Record.encode(record).finish();
  // Decoded again: what is kept in memory is what the disk holds, whatever becomes of the caller's objects.
  return kept(stream, payload);
}

/** The same record under another number; a gap moves as a whole. */
export function renumbered(stream: StreamName, { record, first, last }: KeptRecord, sequence: number): KeptRecord {
  const { gap, ...rest }: v1.Record.$Properties = record;
  return keep(stream, { ...rest, sequence, gap: gap ? { ...gap, upTo: last + sequence - first } : null });
}

/** Reads a record back. Throws when the bytes are none. */
export function kept(stream: StreamName, payload: Uint8Array): KeptRecord {
  const record = v1.Record.decode(payload);
  return { first: record.sequence, last: checkRecord(stream, record), record, payload };
}

export const gapOf = (first: number, last: number, reason: GapReason, loss: Loss): v1.Record.$Properties => ({
  sequence: first,
  atMs: loss.toMs,
  gap: { ...loss, upTo: last, reason },
});

/** What is lost when a record is. */
export const lossOf = ({ record, payload }: KeptRecord): Loss => {
  if (record.body !== "gap")
    return { records: 1, bytes: payload.length, fromMs: record.atMs, toMs: record.atMs, estimated: false };
  const { records, bytes, fromMs, toMs, estimated } = record.gap;
  return { records, bytes, fromMs, toMs, estimated };
};

export const bothLosses = (one: Loss, other: Loss): Loss => ({
  records: one.records + other.records,
  bytes: one.bytes + other.bytes,
  fromMs: Math.min(one.fromMs, other.fromMs),
  toMs: Math.max(one.toMs, other.toMs),
  estimated: one.estimated || other.estimated,
});

/** The records as they stand in a segment's file. */
export const framed = (records: readonly KeptRecord[]): Uint8Array =>
  Buffer.concat(records.map(({ payload }) => frame(payload)));
