import protobuf from "protobufjs/minimal.js";
import { checkClocks, checkFollows, checkFrame } from "./check.ts";
import { checkRecord } from "./check-record.ts";
import { safe } from "./check-values.ts";
import { decode, sized } from "./codec.ts";
import { v1, type Record_, type RecordBatch } from "./messages.ts";
import { faultIn, ProtocolError } from "./protocol-error.ts";
import type { StreamName } from "./streams.ts";
import { checkSeries, schemaIn, type Schema } from "./telemetry-schema.ts";

/** One record of a batch, and what the check says of it. */
export interface JudgedRecord {
  readonly record: Record_;
  /** The last number it stands for: a gap stands for many. */
  readonly last: number;
  /** As it came. */
  readonly bytes: Uint8Array;
  /** Why it can never be taken; absent when it is good. */
  readonly fault?: ProtocolError;
}

/** A schema that a batch brings, and what the check says of it. */
export interface JudgedSchema {
  readonly schema: Schema;
  /** Why it can never be one; absent when it is good. */
  readonly fault?: ProtocolError;
}

export interface JudgedBatch extends Pick<RecordBatch, "firstUnacknowledged" | "clocks" | "sessionEpoch"> {
  readonly records: readonly JudgedRecord[];
  readonly schemas: readonly JudgedSchema[];
  /** Everything that was wrong. */
  readonly faults: readonly ProtocolError[];
}

/**
 * Reads a batch in which single records may break a rule: each is judged by itself, so that one that can never be taken
 * does not hold up those behind it. Throws ProtocolError when it is not clear which numbers the bytes speak of.
 */
export function unpackBatch(stream: StreamName, payload: Uint8Array): JudgedBatch {
  const batch = decode(v1.RecordBatch, sized(stream, payload));
  checkFrame(batch);
  const clockFault = faultIn(() => checkClocks(batch));
  const slices = recordBytes(payload);
  const records: JudgedRecord[] = [];
  let expected = 0;
  for (const [i, shape] of batch.records.entries()) {
    const record = shape as Record_;
    const last = lastOf(record);
    checkFollows(record.sequence, expected);
    const fault = faultIn(() => checkRecord(stream, record));
    records.push({ record, last, bytes: slices[i] ?? new Uint8Array(), ...(fault && { fault }) });
    expected = last + 1;
  }
  const schemas = batch.schemas.map(judgedSchema);
  const faults = [...schemas, ...records].flatMap(({ fault }) => fault ?? []);
  return {
    firstUnacknowledged: batch.firstUnacknowledged,
    sessionEpoch: batch.sessionEpoch,
    schemas,
    clocks: clockFault ? [] : batch.clocks,
    records,
    faults: clockFault ? [clockFault, ...faults] : faults,
  };
}

function judgedSchema(definition: v1.TelemetrySchema.$Shape): JudgedSchema {
  const schema = schemaIn(definition);
  const fault = faultIn(() => checkSeries(schema.series));
  return { schema, ...(fault && { fault }) };
}

function lastOf({ sequence, body, gap }: Record_): number {
  if (safe("records.sequence", sequence) === 0)
    throw new ProtocolError("missing-field", "records.sequence is 0; sequences start at 1");
  if (body !== "gap") return sequence;
  const upTo = safe("gap.up_to", gap.upTo);
  if (upTo >= sequence) return upTo;
  throw new ProtocolError("out-of-range", `gap.up_to is ${upTo}, below its own sequence ${sequence}`);
}

const RECORDS_FIELD = 1;
const LENGTH_DELIMITED = 2;

/** The bytes of each record, where they lie in the message. */
function recordBytes(payload: Uint8Array): readonly Uint8Array[] {
  const reader = protobuf.Reader.create(payload);
  const found: Uint8Array[] = [];
  while (reader.pos < reader.len) {
    const tag = reader.uint32();
    if (tag >>> 3 === RECORDS_FIELD && (tag & 7) === LENGTH_DELIMITED) {
      const end = reader.uint32() + reader.pos;
      found.push(payload.subarray(reader.pos, end));
      reader.pos = end;
    } else reader.skipType(tag & 7);
  }
  return found;
}
