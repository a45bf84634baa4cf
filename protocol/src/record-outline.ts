import protobuf from "protobufjs/minimal.js";
import { checkRecord } from "./check-record.ts";
import { safe } from "./check-values.ts";
import { decode } from "./codec.ts";
import { v1, type Record_ } from "./messages.ts";
import { ProtocolError } from "./protocol-error.ts";
import type { StreamName } from "./streams.ts";

// sequence, at_ms, gap, clock_period
const OUTLINE = new Set([1, 2, 3, 10]);

/**
 * A record without what it carries, unless that is a gap, and the last number it stands for: for whoever looks through many
 * of them. Throws ProtocolError where not even that makes sense.
 */
export function outlineOf(stream: StreamName, bytes: Uint8Array): { readonly record: Record_; readonly last: number } {
  const record = decode({ decode: (payload) => v1.Record.decode(outlineBytes(payload)) }, bytes);
  if (record.body === "gap") return { record, last: checkRecord(stream, record) };
  if (safe("records.sequence", record.sequence) === 0)
    throw new ProtocolError("missing-field", "records.sequence is 0; sequences start at 1");
  return { record, last: record.sequence };
}

function outlineBytes(bytes: Uint8Array): Uint8Array {
  const reader = protobuf.Reader.create(bytes);
  const found: Uint8Array[] = [];
  while (reader.pos < reader.len) {
    const start = reader.pos;
    const tag = reader.uint32();
    reader.skipType(tag & 7);
    if (OUTLINE.has(tag >>> 3)) found.push(bytes.subarray(start, reader.pos));
  }
  return Buffer.concat(found);
}
