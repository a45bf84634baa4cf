import { isDeepStrictEqual } from "node:util";
import {
  bodies,
  decode,
  formatTopic,
  outlineOf,
  ProtocolError,
  streamNames,
  unpack,
  unpackBatch,
  v1,
  type DeviceTopicName,
  type RefusalReason,
  type StreamName,
} from "@edgemere/protocol";
import { accepted, finding, refused, type Verdict } from "./tally.ts";

export interface Codec {
  encode(message: unknown): { finish(): Uint8Array };
  decode(bytes: Uint8Array): unknown;
}

/** Every message of the protocol, those too that only travel within others. */
const codecs: ReadonlyMap<string, Codec> = new Map(
  Object.entries(v1).flatMap(([name, codec]) =>
    typeof codec === "function" ? [[name, codec as unknown as Codec] as const] : [],
  ),
);

const reasons: Readonly<Record<RefusalReason, true>> = {
  "too-large": true,
  malformed: true,
  "unknown-topic": true,
  "wrong-direction": true,
  "not-yours": true,
  "bad-id": true,
  "missing-field": true,
  "out-of-range": true,
  "not-finite": true,
  "too-many": true,
  "wrong-body": true,
  "bad-signature": true,
  "unknown-key": true,
  "wrong-role": true,
  "too-few-signatures": true,
  outdated: true,
  expired: true,
  unsigned: true,
};

/** What an exception says of who threw it: the peer's fault has its type and one of the reasons. */
const verdictOn = (error: unknown): Verdict =>
  error instanceof ProtocolError && Object.hasOwn(reasons, error.reason)
    ? refused(error.reason)
    : finding(`threw ${error instanceof Error ? `${error.name}: ${error.message}` : String(error)}`);

/** Runs what reads; whatever it throws but a refusal is a finding. */
export function judging(read: () => Verdict): Verdict {
  try {
    return read();
  } catch (error) {
    return verdictOn(error);
  }
}

export interface Reader {
  readonly name: string;
  readonly read: (bytes: Buffer) => Verdict;
}

/** What was taken is the same when it is written and read once more. */
const again = (codec: Codec, message: unknown): Verdict =>
  isDeepStrictEqual(codec.decode(codec.encode(message).finish()), message)
    ? accepted
    : finding("the message says something else when it is written and read again");

const topicReader = (name: DeviceTopicName): Reader => {
  const topic = formatTopic(name, { device: "d1" });
  return {
    name: `topic ${name}`,
    read: (bytes) => again(bodies[name], unpack(topic, bytes).message),
  };
};

/** A batch as the control plane reads it: record by record, with the bytes of each. */
const batchReader = (stream: StreamName): Reader => ({
  name: `batch ${stream}`,
  read: (bytes) => {
    const { records, faults } = unpackBatch(stream, bytes);
    const own = codecs.get("Record")!;
    for (const { record, bytes: slice, fault, last } of records) {
      if (!isDeepStrictEqual(own.decode(slice), record))
        return finding("the bytes of a record are not those of the record");
      if (fault !== undefined) continue;
      const verdict = again(own, record);
      if (verdict.kind !== "accepted") return verdict;
      if (outlineOf(stream, Buffer.from(slice)).last !== last)
        return finding("the outline of a record differs from it");
    }
    const [fault] = faults;
    return fault === undefined ? accepted : verdictOn(fault);
  },
});

/** A record as an agent finds it in its spool, whole or in outline. */
const outlineReader = (stream: StreamName): Reader => ({
  name: `outline ${stream}`,
  read: (bytes) => {
    const { record, last } = outlineOf(stream, bytes);
    return last >= record.sequence ? accepted : finding(`the last number ${last} is before the first`);
  },
});

/** Any message by itself, in the order decode and nothing: no bytes may do more harm than to be refused. */
const messageReader = ([name, codec]: readonly [string, Codec]): Reader => ({
  name: `message ${name}`,
  read: (bytes) => {
    decode(codec, bytes);
    return accepted;
  },
});

/** Every place where bytes of somebody else become a message. */
export const readers: readonly Reader[] = [
  ...(Object.keys(bodies) as DeviceTopicName[]).map(topicReader),
  ...streamNames.map(batchReader),
  ...streamNames.map(outlineReader),
  ...[...codecs].map(messageReader),
];
