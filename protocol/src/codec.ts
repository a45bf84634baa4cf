import { checkMessage } from "./check.ts";
import { v1, type Decoded, type Encodable } from "./messages.ts";
import { ProtocolError } from "./protocol-error.ts";
import {
  formatTopic,
  isOfDevice,
  parseTopic,
  topics,
  type DownTopicName,
  type TopicParams,
  type UpTopicName,
} from "./topics.ts";

/** Which message a topic carries. */
export const bodies = {
  hello: v1.Hello,
  bye: v1.Bye,
  telemetry: v1.RecordBatch,
  event: v1.RecordBatch,
  result: v1.RecordBatch,
  log: v1.RecordBatch,
  sync: v1.Sync,
  command: v1.SignedEnvelope,
  ack: v1.Ack,
  terminal: v1.TerminalFrame,
  keystrokes: v1.TerminalFrame,
} as const;

export type DeviceTopicName = UpTopicName | DownTopicName;

export interface Packet {
  readonly topic: string;
  readonly payload: Uint8Array;
  readonly qos: 0 | 1;
}

/** A message with the place it came from. */
export type Arrival = {
  [N in DeviceTopicName]: { readonly name: N; readonly device: string; readonly message: Decoded<(typeof bodies)[N]> };
}[DeviceTopicName];

/** Writes a message to its topic. Throws RangeError when it is over the topic's size: our own fault, not the peer's. */
export function pack<N extends DeviceTopicName>(
  name: N,
  params: TopicParams<N>,
  message: Encodable<(typeof bodies)[N]>,
): Packet {
  const codec = bodies[name] as { encode(message: unknown): { finish(): Uint8Array } };
  const payload = codec.encode(message).finish();
  const { maxBytes, qos } = topics[name];
  if (payload.length > maxBytes)
    throw new RangeError(`a ${name} message of ${payload.length} bytes is over the limit of ${maxBytes}`);
  return { topic: formatTopic(name, params), payload, qos };
}

/** Reads a message, in the order size, decode, semantic check. Throws ProtocolError: the peer's fault. */
export function unpack(topic: string, payload: Uint8Array): Arrival {
  const at = parseTopic(topic);
  if (at === undefined || !isOfDevice(at))
    throw new ProtocolError("unknown-topic", "this topic carries no device message");
  const message = decode<unknown>(bodies[at.name], sized(at.name, payload));
  checkMessage(at.name, message);
  return { name: at.name, device: at.params.device, message } as Arrival;
}

/** The payload, when it is not over the limit of its topic. */
export function sized(name: DeviceTopicName, payload: Uint8Array): Uint8Array {
  const { maxBytes } = topics[name];
  if (payload.length <= maxBytes) return payload;
  throw new ProtocolError("too-large", `${payload.length} bytes are over the limit of ${maxBytes} for ${name}`);
}

/** Decodes bytes; throws ProtocolError in place of the decoder's own errors. */
export function decode<M>(codec: { decode(bytes: Uint8Array): M }, payload: Uint8Array): M {
  try {
    return codec.decode(payload);
  } catch (cause) {
    throw new ProtocolError("malformed", "the bytes are no such protobuf message", { cause });
  }
}
