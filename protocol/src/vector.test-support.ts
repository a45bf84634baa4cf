import { createHash } from "node:crypto";
import { bodies, type DeviceTopicName } from "./codec.ts";
import { ColumnEncoder } from "./column-encoder.ts";
import { payloadTypes, preAuthenticationEncoding, seal } from "./envelope.ts";
import type { GivenRecord } from "./in-columns.ts";
import { v1 } from "./messages.ts";
import type { RefusalReason } from "./protocol-error.ts";
import { privateKeyFromSeed, publicKeyBytes } from "./raw-keys.ts";
import * as a from "./sample-messages.test-support.ts";
import { formatTopic } from "./topics.ts";

/** One message as an implementer in another language needs it: what it means and the bytes it may have. */
export interface Vector {
  readonly about: string;
  readonly topic: string;
  /** Why the bytes are refused; absent where they are valid. */
  readonly refusal?: RefusalReason;
  /** The full name of the message type. */
  readonly type?: string;
  /** The message in proto3's JSON form; absent where the bytes are no message. */
  readonly message?: object;
  /** What the envelope holds and by which key it is to be opened; absent where nothing is signed. */
  readonly signed?: SignedContent;
}

export interface SignedContent {
  readonly payloadType: string;
  readonly type: string;
  readonly payload: object;
  readonly keyId: string;
  /** 32 bytes, hex: of an Ed25519 key that is used nowhere else. */
  readonly privateKeySeed: string;
  readonly publicKey: string;
  /** Hex: what is signed. */
  readonly preAuthenticationEncoding: string;
}

export interface VectorFile {
  readonly name: string;
  readonly vector: Vector;
  readonly bytes: Uint8Array;
}

type Converter = {
  encode(message: unknown): { finish(): Uint8Array };
  decode(bytes: Uint8Array): unknown;
  toObject(message: unknown, options: object): object;
};

/** The JSON form of proto3: 64-bit numbers and bytes as text, enums by name, fields at their default left out. */
export const jsonOf = (codec: unknown, bytes: Uint8Array): object => {
  const converter = codec as Converter;
  return converter.toObject(converter.decode(bytes), { longs: String, bytes: String, enums: String, json: true });
};

const seed = createHash("sha256").update("a key for test vectors only").digest();
const privateKey = privateKeyFromSeed(seed);
const key = { keyId: "vector-key", privateKey };

const typeOf = (name: DeviceTopicName) => {
  const found = Object.entries(v1).find(([, codec]) => codec === (bodies[name] as unknown));
  return `edgemere.v1.${found?.[0] ?? ""}`;
};
const topicOf = (name: DeviceTopicName) => formatTopic(name, { device: "d1" });

export function valid(name: string, topic: DeviceTopicName, about: string, message: a.AnyMessage): VectorFile {
  const bytes = a.bytesOf(topic, message);
  const head = { about, topic: topicOf(topic), type: typeOf(topic) };
  return { name: `valid/${name}`, vector: { ...head, message: jsonOf(bodies[topic], bytes) }, bytes };
}

export function refused(
  name: string,
  topic: DeviceTopicName,
  refusal: RefusalReason,
  about: string,
  message: a.AnyMessage,
): VectorFile {
  const { vector, bytes } = valid(name, topic, about, message);
  return { name: `invalid/${name}`, vector: { ...vector, refusal }, bytes };
}

export const noMessage = (
  name: string,
  refusal: RefusalReason,
  about: string,
  hex: string,
  topic = topicOf("hello"),
) => ({
  name: `invalid/${name}`,
  vector: { about, topic, refusal },
  bytes: Buffer.from(hex, "hex"),
});

const command: v1.Command.$Properties = {
  trustDomain: "edgemere-0123456789abcdef",
  device: "d1",
  command: "01JD8ZK7XW4V3N5B6M7Q8R9S0T",
  sequence: 42,
  issuedAtMs: a.NEW_YEAR,
  expiresAtMs: a.NEW_YEAR + 3_600_000,
  runTimeoutMs: 30_000,
  actor: "user:alice",
  exec: { argv: ["uname", "-a"], cwd: "/tmp", env: { LANG: "C" }, maxOutputBytes: 65_536 },
};
/** Of a terminal: sealed bytes, which only its ends can open. */
export const aFrame: v1.TerminalFrame.$Properties = {
  command: "01JD8ZK7XW4V3N5B6M7Q8R9S0T",
  number: 3,
  sealed: Buffer.alloc(24, 0x5e),
};
const head: v1.SyncHead.$Properties = {
  device: "d1",
  latestSequence: 42,
  keyringVersion: 1,
  asOfMs: a.NEW_YEAR,
  generation: 1,
  cancelledCommands: ["c1"],
  brokerAddresses: ["mqtts://edgemere.example.org:8883", "mqtts://192.0.2.1:8883"],
};

export function signedContent(name: keyof typeof payloadTypes, payload: Uint8Array): SignedContent {
  const [codec, type] = name === "command" ? [v1.Command, "Command"] : [v1.SyncHead, "SyncHead"];
  return {
    payloadType: payloadTypes[name],
    type: `edgemere.v1.${type}`,
    payload: jsonOf(codec, payload),
    keyId: key.keyId,
    privateKeySeed: seed.toString("hex"),
    publicKey: Buffer.from(publicKeyBytes(privateKey)).toString("hex"),
    preAuthenticationEncoding: Buffer.from(preAuthenticationEncoding(payloadTypes[name], payload)).toString("hex"),
  };
}

export const sealedCommand = seal("command", command, key);
export const sealedHead = seal("syncHead", head, key);
export const content = signedContent("command", sealedCommand.payload ?? new Uint8Array());

export const signed = ({ vector, ...file }: VectorFile, inside: SignedContent): VectorFile => ({
  ...file,
  vector: { ...vector, signed: inside },
});

export function signedRefused(
  name: string,
  refusal: RefusalReason,
  about: string,
  over: v1.SignedEnvelope.$Properties,
) {
  return signed(refused(name, "command", refusal, about, { ...sealedCommand, ...over }), content);
}

export const changed = (bytes: Uint8Array) => Uint8Array.from(bytes, (byte, i) => (i === 0 ? byte ^ 1 : byte));
export const [signature] = sealedCommand.signatures ?? [];
export const event = (...records: readonly GivenRecord[]) => a.aBatch(...records);
export const columns = (over: v1.TelemetryBatch.$Properties) => ({
  ...event(a.someTelemetry()),
  records: [a.aTelemetryRecord(over)],
});
export const column = (...values: readonly number[]) => new ColumnEncoder().encode(values);

/** The two files of a vector, by their paths below `vectors/`. */
export const filesOf = ({ name, vector, bytes }: VectorFile): readonly (readonly [path: string, text: string])[] => [
  [`${name}.json`, `${JSON.stringify(vector, undefined, 2)}\n`],
  [`${name}.hex`, `${Buffer.from(bytes).toString("hex").replaceAll(/.{64}/g, "$&\n").trimEnd()}\n`],
];
