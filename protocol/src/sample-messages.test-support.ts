import { bodies, unpack, type Arrival, type DeviceTopicName } from "./codec.ts";
import { inColumns, type GivenRecord } from "./in-columns.ts";
import { v1, type Encodable } from "./messages.ts";
import { Sketch } from "./sketch.ts";
import type { GivenSamples } from "./telemetry-columns.ts";
import { formatTopic } from "./topics.ts";

/** 2026-01-01. */
export const NEW_YEAR = 1_767_225_600_000;

export const aHello = (over: v1.Hello.$Properties = {}): v1.Hello.$Properties => ({
  bootId: "5f1d8c7e",
  sessionEpoch: 7,
  agentVersion: "0.1.0",
  capabilities: ["command:ping"],
  streams: [{ stream: "result", firstUnacknowledged: 3, next: 5, bytes: 180 }],
  clockPeriod: 2,
  time: { wallMs: NEW_YEAR, monotonicMs: 12.5 },
  ...over,
});

export const aBye = (over: v1.Bye.$Properties = {}): v1.Bye.$Properties => ({
  sessionEpoch: 7,
  reason: "stopped",
  ...over,
});

export const anEnvelope = (over: v1.SignedEnvelope.$Properties = {}): v1.SignedEnvelope.$Properties => ({
  payload: Buffer.from("payload"),
  payloadType: "application/vnd.edgemere.command.v1+protobuf",
  signatures: [{ keyId: "k1", signature: Buffer.alloc(64, 1) }],
  ...over,
});

export const aSync = (over: v1.Sync.$Properties = {}): v1.Sync.$Properties => ({
  sessionEpoch: 7,
  acknowledgements: [{ stream: "result", upTo: 4 }],
  commands: [anEnvelope()],
  helloMonotonicMs: 12.5,
  head: anEnvelope(),
  serverTimeMs: NEW_YEAR,
  ...over,
});

export const anAck = (over: v1.Ack.$Properties = {}): v1.Ack.$Properties => ({
  acknowledgements: [{ stream: "event", upTo: 9 }],
  serverTimeMs: NEW_YEAR,
  ...over,
});

export const aGap = (over: v1.Gap.$Properties = {}) => ({
  gap: { upTo: 10, records: 10, bytes: 1_000, reason: "spool-full", fromMs: NEW_YEAR, toMs: NEW_YEAR, ...over },
});

export const someTelemetry = (over: Partial<GivenSamples> = {}) => ({
  telemetry: {
    baseMs: NEW_YEAR,
    offsetMs: [0, 1_000],
    series: [{ metric: "cpu.busy_percent", instance: "0", values: [12.5, 13] }],
    ...over,
  },
});

function threeValues(): Sketch {
  const sketch = new Sketch();
  for (const value of [1, 1, 10]) sketch.add(value);
  return sketch;
}
/** Its first row is the mean of three values. */
export const sketchedSeries = { metric: "cpu.busy_percent", values: [4, 7], sketches: [threeValues(), undefined] };

/** The same as it travels, under the number 1; what it says can be bent. Without its schema. */
export const aTelemetryRecord = (over: v1.TelemetryBatch.$Properties = {}): v1.Record.$Properties => {
  const [record] = inColumns([{ ...someTelemetry(), sequence: 1, atMs: NEW_YEAR }]).records;
  return { ...record, telemetry: { ...record?.telemetry, ...over } };
};

export const aReport = (over: v1.CommandReport.$Properties = {}) => ({
  commandReport: { command: "c1", phase: v1.CommandPhase.COMMAND_PHASE_RUNNING, startedAtMs: NEW_YEAR, ...over },
});

/** The report of a command that ended well, with its result. */
export const anEnd = (over: v1.CommandReport.$Properties) =>
  aReport({ phase: v1.CommandPhase.COMMAND_PHASE_SUCCEEDED, finishedAtMs: NEW_YEAR, ...over });

export const someOutput = (over: v1.CommandOutput.$Properties = {}) => ({
  commandOutput: { command: "c1", channel: "stdout", offset: 0, content: Buffer.from("hello\n"), ...over },
});

export const anInventory = (...facts: v1.InventoryFact.$Properties[]) => ({
  inventory: { facts },
});

export const aDataSource = (over: v1.DataSourceReport.$Properties = {}) => ({
  dataSource: {
    name: "models",
    path: "/srv/models",
    totalBytes: 1_000_000,
    freeBytes: 400_000,
    items: [anItem()],
    tags: { tier: "gold" },
    parts: 1,
    report: "r1",
    takesData: true,
    mountFolder: "/srv/mounts/edgemere",
    ...over,
  },
});

export const someChangesOfData = () =>
  aDataSource({
    parts: 2,
    report: "r2",
    index: 5,
    indexBefore: 4,
    indexChecksum: Buffer.alloc(32, 9),
    removed: ["b.bin"],
  });

export const aRecordedSource = () =>
  aDataSource({
    kind: "stream",
    condition: "the program ended with exit code 1",
    nextTryAtMs: 1_767_225_660_000,
    items: [anItem({ tags: { lines: "12" } })],
  });

export const anItem = (over: v1.DataItem.$Properties = {}): v1.DataItem.$Properties => ({
  name: "a.bin",
  bytes: 3,
  hash: Buffer.alloc(32, 7),
  modifiedAtMs: NEW_YEAR,
  ...over,
});

export const anAgentEvent = (over: v1.AgentEvent.$Properties = {}) => ({
  agentEvent: { name: "started", detail: "", ...over },
});

export const aPolicyReport = (over: v1.PolicyReport.$Properties = {}) => ({
  policyReport: {
    number: 3,
    packVersion: 2,
    policy: "hot",
    revision: 1,
    state: "firing",
    looked: [{ what: 'value("cpu.busy_percent")', value: 97 }],
    acted: [{ kind: "inventory.refresh", command: "policy-3-0" }],
    ...over,
  },
});

/** Records numbered from 1. */
export const aBatch = (...records: readonly GivenRecord[]): v1.RecordBatch.$Properties => ({
  ...inColumns(records.map((record, i) => ({ sequence: i + 1, atMs: NEW_YEAR, ...record }))),
  firstUnacknowledged: 1,
  sessionEpoch: 7,
});

export type AnyMessage = { [N in DeviceTopicName]: Encodable<(typeof bodies)[N]> }[DeviceTopicName];

export const bytesOf = (name: DeviceTopicName, message: AnyMessage): Uint8Array =>
  (bodies[name] as { encode(message: AnyMessage): { finish(): Uint8Array } }).encode(message).finish();

/** What the other side makes of bytes of device d1 on a topic. */
export const arrive = (name: DeviceTopicName, payload: Uint8Array): Arrival =>
  unpack(formatTopic(name, { device: "d1" }), payload);
