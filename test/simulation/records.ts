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
}

export function seen(record: Record_): SeenRecord {
  const bytes = v1.Record.encode(Object.assign(v1.Record.create(record), { sequence: 0 })).finish();
  const content = `${crc32(bytes).toString(16)}-${bytes.length}`;
  const { sequence: first } = record;
  if (record.body !== "gap") return { first, last: first, content };
  return { first, last: record.gap.upTo, content, gapReason: record.gap.reason };
}

const SPOOL_FILE = /^spool\/([a-z]+)\/\d+\.segment$/;
// Magic number, length and checksum stand in front of each record of a spool's file.
const FRAME_HEADER = 12;

/** The records in bytes that were appended to a file of a spool; undefined when the file is none. */
export function spooled(path: string, bytes: Uint8Array): { stream: StreamName; records: SeenRecord[] } | undefined {
  const stream = SPOOL_FILE.exec(path)?.[1] ?? "";
  if (!isStreamName(stream)) return undefined;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  const records: SeenRecord[] = [];
  for (let at = 0; at < bytes.length;) {
    const end = at + FRAME_HEADER + view.getUint32(at + 4);
    records.push(seen(v1.Record.decode(bytes.subarray(at + FRAME_HEADER, end))));
    at = end;
  }
  return { stream, records };
}
