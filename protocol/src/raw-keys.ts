import { createHash, createPrivateKey, createPublicKey, type KeyObject } from "node:crypto";

// A key in PKCS#8 or SPKI is this fixed prefix and the 32 raw bytes (RFC 8410).
const PKCS8_PREFIX = Buffer.from("302e020100300506032b657004220420", "hex");
const SPKI_PREFIX = Buffer.from("302a300506032b6570032100", "hex");

/** A private Ed25519 key from its 32 bytes. */
export const privateKeyFromSeed = (seed: Uint8Array): KeyObject =>
  createPrivateKey({ key: Buffer.concat([PKCS8_PREFIX, seed]), format: "der", type: "pkcs8" });

/** A public Ed25519 key from its 32 bytes. */
export const publicKeyFromBytes = (bytes: Uint8Array): KeyObject =>
  createPublicKey({ key: Buffer.concat([SPKI_PREFIX, bytes]), format: "der", type: "spki" });

/** The 32 bytes of the public half of an Ed25519 key. */
export const publicKeyBytes = (key: KeyObject): Uint8Array =>
  new Uint8Array(publicHalf(key).subarray(SPKI_PREFIX.length));

/** The name of a key in envelopes and keyrings: the start of the hash of its public half. */
export const keyIdOf = (key: KeyObject): string =>
  createHash("sha256").update(publicHalf(key)).digest("base64url").slice(0, 16);

const publicHalf = (key: KeyObject): Buffer =>
  (key.type === "public" ? key : createPublicKey(key)).export({ format: "der", type: "spki" });
