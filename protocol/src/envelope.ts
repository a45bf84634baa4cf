import { createPrivateKey, createPublicKey, sign, verify, type KeyObject } from "node:crypto";
import { atMost, id, instant, safe } from "./check-values.ts";
import { decode } from "./codec.ts";
import { v1, type Command, type Encodable, type SyncHead } from "./messages.ts";
import { ProtocolError } from "./protocol-error.ts";

/** Types of signed payloads. Distinct per meaning, so that one can never be taken for another. */
export const payloadTypes = {
  command: "application/vnd.edgemere.command.v1+protobuf",
  syncHead: "application/vnd.edgemere.sync-head.v1+protobuf",
} as const;

const payloadCodecs = { command: v1.Command, syncHead: v1.SyncHead } as const;

// Only what a number cannot hold: what a well-signed order means is judged by who carries it out.
const payloadChecks = {
  command: ({ sequence, issuedAtMs, expiresAtMs, generation }: Command) => {
    safe("generation", generation);
    safe("sequence", sequence);
    instant("issued_at_ms", issuedAtMs);
    instant("expires_at_ms", expiresAtMs);
  },
  syncHead: ({ latestSequence, asOfMs, generation, cancelledCommands }: SyncHead) => {
    safe("latest_sequence", latestSequence);
    instant("as_of_ms", asOfMs);
    safe("generation", generation);
    atMost("cancelled_commands", cancelledCommands, 1_000);
    for (const command of cancelledCommands) id("cancelled_commands", command);
  },
} as const;
export type PayloadName = keyof typeof payloadTypes;
type PayloadOf<N extends PayloadName> = ReturnType<(typeof payloadCodecs)[N]["decode"]>;

/** A private Ed25519 key and the name by which others find its public half. */
export interface SigningKey {
  readonly keyId: string;
  readonly privateKey: KeyObject;
}

/** Finds the public key for a hint; undefined when the keyring does not hold it for this payload. */
export type KeyFinder = (keyId: string, payload: PayloadName) => KeyObject | undefined;

/** DSSE's pre-authentication encoding (secure-systems-lab/dsse, protocol.md): what is signed is type and bytes, unambiguously. */
export function preAuthenticationEncoding(payloadType: string, payload: Uint8Array): Uint8Array {
  const head = `DSSEv1 ${Buffer.byteLength(payloadType)} ${payloadType} ${payload.length} `;
  return Buffer.concat([Buffer.from(head), payload]);
}

export function seal<N extends PayloadName>(
  name: N,
  message: Encodable<(typeof payloadCodecs)[N]>,
  key: SigningKey,
): v1.SignedEnvelope.$Shape {
  const codec = payloadCodecs[name] as { encode(message: unknown): { finish(): Uint8Array } };
  const payload = codec.encode(message).finish();
  const payloadType = payloadTypes[name];
  const signature = sign(null, preAuthenticationEncoding(payloadType, payload), key.privateKey);
  return { payload, payloadType, signatures: [{ keyId: key.keyId, signature }] };
}

/** Verifies over the bytes as received, and only then decodes and checks. Throws ProtocolError. */
export function open<N extends PayloadName>(
  name: N,
  envelope: v1.SignedEnvelope.$Shape,
  find: KeyFinder,
): PayloadOf<N> {
  const payload = envelope.payload ?? new Uint8Array();
  const payloadType = envelope.payloadType ?? "";
  if (payloadType !== payloadTypes[name])
    throw new ProtocolError("wrong-body", `a ${name} was expected, not "${payloadType.slice(0, 128)}"`);
  const known = (envelope.signatures ?? []).flatMap(({ keyId, signature }) => {
    const key = find(keyId ?? "", name);
    return key && signature ? [{ key, signature }] : [];
  });
  if (known.length === 0) throw new ProtocolError("unknown-key", `no known key signed this ${name}`);
  const signed = preAuthenticationEncoding(payloadType, payload);
  if (!known.some(({ key, signature }) => verify(null, signed, key, signature))) {
    throw new ProtocolError("bad-signature", `the signature of this ${name} does not fit`);
  }
  const message = decode<unknown>(payloadCodecs[name], payload) as PayloadOf<N>;
  payloadChecks[name](message as never);
  return message;
}

// An Ed25519 key in PKCS#8 or SPKI is this fixed prefix and the 32 raw bytes (RFC 8410).
const PKCS8_PREFIX = Buffer.from("302e020100300506032b657004220420", "hex");
const SPKI_PREFIX = Buffer.from("302a300506032b6570032100", "hex");

export const privateKeyFromSeed = (seed: Uint8Array): KeyObject =>
  createPrivateKey({ key: Buffer.concat([PKCS8_PREFIX, seed]), format: "der", type: "pkcs8" });

export const publicKeyFromBytes = (bytes: Uint8Array): KeyObject =>
  createPublicKey({ key: Buffer.concat([SPKI_PREFIX, bytes]), format: "der", type: "spki" });

export const publicKeyBytes = (key: KeyObject): Uint8Array =>
  new Uint8Array(createPublicKey(key).export({ format: "der", type: "spki" }).subarray(SPKI_PREFIX.length));
