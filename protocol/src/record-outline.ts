import protobuf from "protobufjs/minimal.js";
import { checkRecord } from "./check-record.ts";
import { safe } from "./check-values.ts";
import { decode } from "./codec.ts";
import { v1, type Record_ } from "./messages.ts";
import { ProtocolError } from "./protocol-error.ts";
import type { StreamName } from "./streams.ts";
import { schemaNameFrom } from "./telemetry-schema.ts";

// sequence, at_ms, gap, clock_period
const OUTLINE = new Set([1, 2, 3, 10]);
const TELEMETRY = 4;
const SCHEMA = 1;
const LENGTH_DELIMITED = 2;

/** Where and when a record is. */
interface Outline {
  /** Without what it carries, unless that is a gap. */
  readonly record: Record_;
  /** The last number it stands for. */
  readonly last: number;
  /** The name of the schema that its samples need. */
  readonly schema?: string;
}

/** What must be known of a record by whoever looks through many of them. Throws ProtocolError where not even that makes sense. */
export function outlineOf(stream: StreamName, bytes: Uint8Array): Outline {
  const { record, schema } = decode({ decode: outlineIn }, bytes);
  if (record.body === "gap") return { record, last: checkRecord(stream, record) };
  if (safe("records.sequence", record.sequence) === 0)
    throw new ProtocolError("missing-field", "records.sequence is 0; sequences start at 1");
  return { record, last: record.sequence, ...(schema && { schema: schemaNameFrom(schema) }) };
}

function outlineIn(bytes: Uint8Array): { readonly record: Record_; readonly schema: Uint8Array | undefined } {
  const reader = protobuf.Reader.create(bytes);
  const found: Uint8Array[] = [];
  let schema: Uint8Array | undefined;
  while (reader.pos < reader.len) {
    const start = reader.pos;
    const tag = reader.uint32();
    if (tag === ((TELEMETRY << 3) | LENGTH_DELIMITED)) schema = schemaIn(reader.bytes());
    else reader.skipType(tag & 7);
    if (OUTLINE.has(tag >>> 3)) found.push(bytes.subarray(start, reader.pos));
  }
  return { record: v1.Record.decode(Buffer.concat(found)), schema };
}

function schemaIn(telemetry: Uint8Array): Uint8Array | undefined {
  const reader = protobuf.Reader.create(telemetry);
  while (reader.pos < reader.len) {
    const tag = reader.uint32();
    if (tag === ((SCHEMA << 3) | LENGTH_DELIMITED)) return reader.bytes();
    reader.skipType(tag & 7);
  }
  return undefined;
}
