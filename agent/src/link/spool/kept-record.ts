import {
  checkRecord,
  checksumAt,
  outlineOf,
  recordChecksum,
  schemaNameFrom,
  v1,
  type Record_,
  type StreamName,
} from "@edgemere/protocol";
import { frame, HEADER_BYTES } from "./frame.ts";

/** A record of the spool with the sequence numbers it stands for: a gap stands for many. */
export interface KeptRecord {
  readonly first: number;
  readonly last: number;
  readonly record: Record_;
  /** Its bytes in a message. */
  readonly payload: Uint8Array;
  /** The name of the schema without which nobody can read its samples. */
  readonly schema?: string;
}

/** Why records will never come. */
export type GapReason = "spool-full" | "disk-low" | "damaged" | "thinned" | "counter-recovery";
/** A gap without its place. */
export interface Loss {
  readonly records: number;
  readonly bytes: number;
  readonly fromMs: number;
  readonly toMs: number;
  readonly estimated: boolean;
  /** Of the newest of the lost records. */
  readonly clockPeriod: number;
}

/** What a gap takes in a file at most. */
export const GAP_BYTES = 128;

// The frame, and what a number takes that is not there yet.
const AROUND_PAYLOAD = HEADER_BYTES + 8;

/** Throws ProtocolError when the control plane would refuse the record: it would never be acknowledged. */
export function keep(stream: StreamName, record: v1.Record.$Properties): KeptRecord {
  const payload = v1.Record.encode(record).finish();
  // Decoded again: what is kept in memory is what the disk holds, whatever becomes of the caller's objects.
  return kept(stream, payload);
}

/** The records under numbers from `first` on. */
export function consecutive(stream: StreamName, records: readonly KeptRecord[], first: number): readonly KeptRecord[] {
  const numbered: KeptRecord[] = [];
  for (const record of records) numbered.push(renumbered(stream, record, (numbered.at(-1)?.last ?? first - 1) + 1));
  return numbered;
}

/** The same record under another number; a gap moves as a whole. */
function renumbered(stream: StreamName, { record, first, last }: KeptRecord, sequence: number): KeptRecord {
  const { gap, ...rest }: v1.Record.$Properties = record;
  return keep(stream, { ...rest, sequence, gap: gap ? { ...gap, upTo: last + sequence - first } : null });
}

/** Whether a record is not the one that is stored under its number. False where nobody knows, and for a gap. */
export function differs(
  { first, record }: KeptRecord,
  { upTo, checksums }: { readonly upTo: number; readonly checksums: Uint8Array },
): boolean {
  const stored = checksumAt(checksums, upTo, first);
  // As it is sent: a later version may have written fields that this one does not know.
  return record.body !== "gap" && stored !== 0 && stored !== recordChecksum(v1.Record.encode(record).finish());
}

/** Reads a record back. Throws when the bytes are none. */
export function kept(stream: StreamName, payload: Uint8Array): KeptRecord {
  const record = v1.Record.decode(payload);
  const last = checkRecord(stream, record);
  const schema = record.body === "telemetry" ? schemaNameFrom(record.telemetry.schema) : undefined;
  return { first: record.sequence, last, record, payload, ...(schema !== undefined && { schema }) };
}

/** The same without what the record carries: all that its place among the others needs. */
export function outlined(stream: StreamName, payload: Uint8Array): KeptRecord {
  const { record, ...rest } = outlineOf(stream, payload);
  return { first: record.sequence, record, payload, ...rest };
}

/** The record if it lies between two numbers, both included; of a gap that reaches over them, what lies between. */
export function within(stream: StreamName, kept: KeptRecord, from: number, to: number): readonly KeptRecord[] {
  const [first, last] = [Math.max(kept.first, from), Math.min(kept.last, to)];
  if (first > last) return [];
  if (first === kept.first && last === kept.last) return [kept];
  const { gap, ...rest }: v1.Record.$Properties = kept.record;
  return [keep(stream, { ...rest, sequence: first, gap: { ...gap, upTo: last, records: last - first + 1 } })];
}

export const gapOf = (
  first: number,
  last: number,
  reason: GapReason,
  { clockPeriod, ...loss }: Loss,
): v1.Record.$Properties => ({
  sequence: first,
  atMs: loss.toMs,
  clockPeriod,
  gap: { ...loss, upTo: last, reason },
});

/** Why the record stands for others; undefined when it stands for itself. */
export const gapReasonOf = ({ record }: KeptRecord): string | undefined =>
  record.body === "gap" ? record.gap.reason : undefined;

/** What is lost when a record is. */
export const lossOf = ({ record, payload, first, last }: KeptRecord): Loss => {
  const { atMs, clockPeriod } = record;
  if (record.body !== "gap")
    return { records: 1, bytes: payload.length, fromMs: atMs, toMs: atMs, estimated: false, clockPeriod };
  const { bytes, fromMs, toMs, estimated } = record.gap;
  return { records: last - first + 1, bytes, fromMs, toMs, estimated, clockPeriod };
};

/** What stands for a record of which nobody knows any more how to read it. */
export const unreadable = (stream: StreamName, record: KeptRecord): KeptRecord =>
  keep(stream, gapOf(record.first, record.last, "damaged", lossOf(record)));

/** The later one second: its clock dates both. */
export const bothLosses = (one: Loss, other: Loss): Loss => ({
  records: one.records + other.records,
  bytes: one.bytes + other.bytes,
  fromMs: Math.min(one.fromMs, other.fromMs),
  toMs: Math.max(one.toMs, other.toMs),
  estimated: one.estimated || other.estimated,
  clockPeriod: other.clockPeriod,
});

/** The records as they stand in a segment's file. */
export const framed = (records: readonly KeptRecord[]): Uint8Array =>
  Buffer.concat(records.map(({ payload }) => frame(payload)));

/** Their bytes there. */
export const bytesOf = (records: readonly KeptRecord[]): number =>
  records.reduce((sum, { payload }) => sum + payload.length + HEADER_BYTES, 0);

/** Their bytes there at most, whatever numbers they get. */
export const framedBytes = (records: readonly KeptRecord[]): number =>
  records.reduce((sum, { payload }) => sum + payload.length + AROUND_PAYLOAD, 0);
