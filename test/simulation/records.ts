import { crc32 } from "node:zlib";
import { isStreamName, v1, type Record_, type StreamName } from "@edgemere/protocol";

/** A record as the outside of an agent and of a control plane can tell it. */
export interface SeenRecord {
  readonly first: number;
  readonly last: number;
  /** What it says, whatever its number. */
  readonly content: string;
  /** Why the numbers up to `last` will never come; absent when it is no gap. */
  readonly gapReason?: string;
  /** How many a gap says that it stands for. */
  readonly gapRecords?: number;
  /** What a gap says of the records that it stands for, whatever their numbers: a part of one that moves says the same. */
  readonly gapAbout?: string;
}

export function seen(record: Record_): SeenRecord {
  const bytes = v1.Record.encode(Object.assign(v1.Record.create(record), { sequence: 0 })).finish();
  const content = `${crc32(bytes).toString(16)}-${bytes.length}`;
  const { sequence: first } = record;
  if (record.body !== "gap") return { first, last: first, content };
  const { upTo: last, reason: gapReason, records: gapRecords, bytes: lost, fromMs, toMs } = record.gap;
  return { first, last, content, gapReason, gapRecords, gapAbout: [gapReason, lost, fromMs, toMs].join(" ") };
}

const SPOOL_FILE = /^spool\/([a-z]+)\/(\d+)\.segment$/;

/** Which file of a spool that is; undefined when it is none. */
export function spoolFile(path: string): { readonly stream: StreamName; readonly name: number } | undefined {
  const [, stream = "", name] = SPOOL_FILE.exec(path) ?? [];
  return isStreamName(stream) ? { stream, name: Number(name) } : undefined;
}

// Magic number, length and checksum stand in front of each record of a spool's file.
const MAGIC = 0x45_64_00_01;
const FRAME_HEADER = 12;

/** The whole records in a part of a spool's file. */
export function recordsIn(bytes: Uint8Array): SeenRecord[] {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  const records: SeenRecord[] = [];
  for (let at = 0; at + FRAME_HEADER <= bytes.length;) {
    const end = at + FRAME_HEADER + view.getUint32(at + 4);
    const isWhole = view.getUint32(at) === MAGIC && end <= bytes.length;
    const payload = bytes.subarray(at + FRAME_HEADER, end);
    const sum = isWhole ? crc32(payload, crc32(bytes.subarray(at + 4, at + 8))) : 0;
    if (isWhole && sum === view.getUint32(at + 8)) records.push(seen(v1.Record.decode(payload)));
    at = isWhole && sum === view.getUint32(at + 8) ? end : at + 1;
  }
  return records;
}

/** A whole file in which the last two records have each other's numbers; as it is where there are no two, or one is a gap. */
export function lastTwoExchanged(content: Uint8Array): Uint8Array {
  const view = new DataView(content.buffer, content.byteOffset, content.length);
  const ends = [0];
  for (let end = 0; end + FRAME_HEADER <= content.length; ends.push(end)) end += FRAME_HEADER + view.getUint32(end + 4);
  const [start, middle, end] = ends.slice(-3);
  if (start === undefined || middle === undefined || end === undefined) return content;
  const [one, other] = [
    v1.Record.decode(content.subarray(start + FRAME_HEADER, middle)),
    v1.Record.decode(content.subarray(middle + FRAME_HEADER, end)),
  ];
  if (one.body === "gap" || other.body === "gap") return content;
  const sequences = [one.sequence, other.sequence];
  const exchanged = [other, one].map((record, i) => frameOf(Object.assign(record, { sequence: sequences[i] })));
  return Buffer.concat([content.subarray(0, start), ...exchanged]);
}

function frameOf(record: v1.Record): Uint8Array {
  const payload = v1.Record.encode(record).finish();
  const header = Buffer.alloc(FRAME_HEADER);
  header.writeUInt32BE(MAGIC, 0);
  header.writeUInt32BE(payload.length, 4);
  header.writeUInt32BE(crc32(payload, crc32(header.subarray(4, 8))), 8);
  return Buffer.concat([header, payload]);
}
