import { checkEnvelope } from "./check-envelope.ts";
import { checkTerminalFrame } from "./check-terminal.ts";
import { checkRecord } from "./check-record.ts";
import { atMost, finite, id, instant, safe, text } from "./check-values.ts";
import { limits } from "./limits.ts";
import type { Ack, Bye, Hello, Record_, RecordBatch, SignedEnvelope, Sync, v1 } from "./messages.ts";
import { ProtocolError } from "./protocol-error.ts";
import { isStreamName, type StreamName } from "./streams.ts";
import { samplesIn, samplesOf } from "./telemetry-columns.ts";
import { checkSeries, SCHEMA_NAME_BYTES, schemaIn, schemaNameFrom, type Schema } from "./telemetry-schema.ts";
import type { DeviceTopicName } from "./codec.ts";

/** The semantic check after decoding: a decoder accepts far more than makes sense. Throws ProtocolError naming the field. */
export function checkMessage(name: DeviceTopicName, message: unknown): void {
  if (isStreamName(name)) return checkBatch(name, message as RecordBatch);
  checks[name](message as never);
}

const checks = {
  hello: (hello: Hello) => {
    text("boot_id", hello.bootId, 128);
    if (hello.bootId === "") throw new ProtocolError("missing-field", "boot_id is empty");
    safe("session_epoch", hello.sessionEpoch);
    text("agent_version", hello.agentVersion, 64);
    text("last_exit_reason", hello.lastExitReason, 64);
    atMost("capabilities", hello.capabilities, 100);
    for (const capability of hello.capabilities) text("capabilities", capability, 64);
    atMost("streams", hello.streams, 16);
    for (const position of hello.streams) {
      text("streams.stream", position.stream, 32);
      safe("streams.first_unacknowledged", position.firstUnacknowledged ?? 0);
      safe("streams.next", position.next ?? 0);
      safe("streams.bytes", position.bytes ?? 0);
    }
    safe("command_high_sequence", hello.commandHighSequence);
    safe("spool_bytes", hello.spoolBytes);
    atMost("open_commands", hello.openCommands, 1_000);
    for (const command of hello.openCommands) id("open_commands", command);
    atMost("conditions", hello.conditions, 32);
    for (const condition of hello.conditions) text("conditions", condition, 64);
    safe("generation", hello.generation);
    if (hello.auditHead) checkEnvelope("audit_head", hello.auditHead);
    if (hello.time) {
      instant("time.wall_ms", hello.time.wallMs ?? 0);
      finite("time.monotonic_ms", hello.time.monotonicMs ?? 0);
    }
  },
  bye: (bye: Bye) => {
    safe("session_epoch", bye.sessionEpoch);
    text("reason", bye.reason, 256);
  },
  sync: (sync: Sync) => {
    safe("session_epoch", sync.sessionEpoch);
    checkAcknowledgements(sync.acknowledgements);
    atMost("commands", sync.commands, 1_000);
    for (const command of sync.commands) checkEnvelope("commands", command);
    finite("hello_monotonic_ms", sync.helloMonotonicMs);
    if (sync.head) checkEnvelope("head", sync.head);
    atMost("keyrings", sync.keyrings, limits.keyrings);
    for (const keyring of sync.keyrings) checkEnvelope("keyrings", keyring);
    instant("server_time_ms", sync.serverTimeMs);
  },
  command: (envelope: SignedEnvelope) => checkEnvelope("command", envelope),
  ack: (ack: Ack) => {
    checkAcknowledgements(ack.acknowledgements);
    instant("server_time_ms", ack.serverTimeMs);
    atMost("unknown_schemas", ack.unknownSchemas, limits.telemetrySchemas);
    for (const { length } of ack.unknownSchemas)
      if (length !== SCHEMA_NAME_BYTES)
        throw new ProtocolError(
          "out-of-range",
          `unknown_schemas must have ${SCHEMA_NAME_BYTES} bytes each, not ${length}`,
        );
  },
  terminal: checkTerminalFrame,
  keystrokes: checkTerminalFrame,
} as const;

function checkAcknowledgements(acknowledgements: readonly v1.StreamAcknowledgement.$Shape[]): void {
  atMost("acknowledgements", acknowledgements, 16);
  for (const { stream, upTo } of acknowledgements) {
    text("acknowledgements.stream", stream ?? "", 32);
    safe("acknowledgements.up_to", upTo ?? 0);
  }
}

// A clock that starts in 1970 is decades behind; one that is further off is no clock.
const FARTHEST_OFFSET = 7_258_118_400_000;

function checkOffset(offset: number): void {
  if (!Number.isSafeInteger(offset) || Math.abs(offset) > FARTHEST_OFFSET)
    throw new ProtocolError("out-of-range", `clocks.offset_ms is ${offset}: no clock is that far off`);
}

function checkBatch(stream: StreamName, batch: RecordBatch): void {
  checkFrame(batch);
  checkClocks(batch);
  const schemas = new Map(batch.schemas.map(schemaIn).map((schema) => [schema.name, schema]));
  for (const { series } of schemas.values()) checkSeries(series);
  let expected = 0;
  for (const record of batch.records) {
    const last = checkRecord(stream, record);
    checkColumns(record, schemas);
    checkFollows(record.sequence ?? 0, expected);
    expected = last + 1;
  }
}

/** What a batch says about all of its records. */
export function checkFrame(batch: RecordBatch): void {
  atMost("records", batch.records, limits.batchRecords);
  atMost("schemas", batch.schemas, limits.telemetrySchemas);
  const samples = batch.records.reduce((sum, { telemetry }) => sum + (telemetry ? samplesIn(telemetry) : 0), 0);
  if (samples > limits.messageSamples)
    throw new ProtocolError("too-many", `records have ${samples} samples, over the limit of ${limits.messageSamples}`);
  safe("first_unacknowledged", batch.firstUnacknowledged);
  safe("session_epoch", batch.sessionEpoch);
}

/** As far as the message says what they are about. */
function checkColumns(shape: v1.Record.$Shape, schemas: ReadonlyMap<string, Schema>): void {
  const record = shape as Record_;
  if (record.body !== "telemetry") return;
  const schema = schemas.get(schemaNameFrom(record.telemetry.schema));
  if (schema !== undefined) samplesOf(record, schema);
}

export function checkClocks({ clocks }: RecordBatch): void {
  atMost("clocks", clocks, limits.clocks);
  for (const { offsetMs } of clocks) checkOffset(offsetMs ?? 0);
}

/** A batch has no holes; `expected` is 0 for its first record. */
export function checkFollows(sequence: number, expected: number): void {
  if (expected !== 0 && sequence !== expected)
    throw new ProtocolError("out-of-range", `records.sequence is ${sequence} where ${expected} must follow`);
}
