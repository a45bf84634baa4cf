import protobuf from "protobufjs/minimal.js";
import { limits } from "../limits.ts";
import { ProtocolError } from "../protocol-error.ts";
import { decode } from "../codec.ts";
import { v1 } from "./generated.ts";

/** Bounds of what an edge node may say at a time. */
export const sparkplugLimits = {
  /** One payload. */
  payloadBytes: 1024 * 1024,
  /** Metrics in one payload. */
  payloadMetrics: 5_000,
  /** Metrics of an edge node and its devices together: as many as are kept as the newest of a device. */
  metrics: 2 * limits.telemetrySeries,
  /** Devices of an edge node. */
  devices: 500,
} as const;

/** A metric as it came: all of it is an edge node's word, and nothing of it is checked. */
export type SparkplugMetric = v1.Metric;

/** What a message carries. */
export interface SparkplugPayload {
  /** When it was sent, by the edge node's clock; undefined when it does not say so. */
  readonly timestamp: number | undefined;
  /** 0 to 255; undefined in a death. */
  readonly seq: number | undefined;
  readonly metrics: readonly SparkplugMetric[];
}

const METRICS_FIELD = 2;
/** The name under which births and deaths count an edge node's sessions. */
const BDSEQ = "bdSeq";
/** What an edge node understands as "say anew all that you have". */
const REBIRTH = "Node Control/Rebirth";
const BOOLEAN = 11;

/** Reads a payload, in the order size, number of metrics, decode, check. Throws ProtocolError: the edge node's fault. */
export function readSparkplugPayload(bytes: Uint8Array): SparkplugPayload {
  if (bytes.length > sparkplugLimits.payloadBytes)
    throw new ProtocolError(
      "too-large",
      `${bytes.length} bytes are over the limit of ${sparkplugLimits.payloadBytes} for a payload`,
    );
  const count = metricsIn(bytes);
  if (count > sparkplugLimits.payloadMetrics)
    throw new ProtocolError(
      "too-many",
      `the payload has ${count} metrics, over the limit of ${sparkplugLimits.payloadMetrics}`,
    );
  const { timestamp, seq, metrics } = decode(v1.Payload, bytes);
  if (seq !== null && seq > 255) throw new ProtocolError("out-of-range", `seq must be 0 to 255, not ${seq}`);
  return { timestamp: timestamp ?? undefined, seq: seq ?? undefined, metrics };
}

/** Counted before any is built: two bytes can ask for a whole object. */
function metricsIn(bytes: Uint8Array): number {
  try {
    const reader = protobuf.Reader.create(bytes);
    let count = 0;
    while (reader.pos < reader.len) {
      const tag = reader.uint32();
      if (tag >>> 3 === METRICS_FIELD) count++;
      reader.skipType(tag & 7);
    }
    return count;
  } catch (cause) {
    throw new ProtocolError("malformed", "the bytes are no Sparkplug payload", { cause });
  }
}

/** Which session of its edge node a birth or a death speaks of; undefined when it does not say so. */
export function bdSeqOf({ metrics }: SparkplugPayload): number | undefined {
  const found = metrics.find(({ name }) => name === BDSEQ);
  return found?.longValue ?? found?.intValue ?? undefined;
}

/** What an edge node says about the protocol, and not about what it measures. */
export const isControlMetric = (name: string): boolean =>
  name === BDSEQ || name.startsWith("Node Control/") || name.startsWith("Device Control/");

/** Asks an edge node for its births. `at`: now, milliseconds since 1970 UTC. */
export const rebirthRequest = (at: number): Uint8Array =>
  v1.Payload.encode({
    timestamp: at,
    metrics: [{ name: REBIRTH, timestamp: at, datatype: BOOLEAN, booleanValue: true, value: "booleanValue" }],
  }).finish();

/** Says whether a host takes what edge nodes report (3.0.0, 6.4.15). `at`: now, milliseconds since 1970 UTC. */
export const hostState = (isOnline: boolean, at: number): string => JSON.stringify({ online: isOnline, timestamp: at });
