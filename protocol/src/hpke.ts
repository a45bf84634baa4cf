import {
  createCipheriv,
  createDecipheriv,
  createHmac,
  createPrivateKey,
  createPublicKey,
  diffieHellman,
  generateKeyPairSync,
  type KeyObject,
} from "node:crypto";
import type { v1 } from "./messages.ts";
import { ProtocolError } from "./protocol-error.ts";

// HPKE (RFC 9180), base mode, one message per key: DHKEM(X25519, HKDF-SHA256), HKDF-SHA256, ChaCha20-Poly1305.
const [KEM_ID, KDF_ID, AEAD_ID] = [0x0020, 0x0001, 0x0003];
const [KEY_BYTES, NONCE_BYTES, TAG_BYTES, SECRET_BYTES] = [32, 12, 16, 32];
const MODE_BASE = Buffer.from([0]);
const AEAD = "chacha20-poly1305";
// X25519 in PKCS#8 and SPKI (RFC 8410).
const PKCS8_PREFIX = Buffer.from("302e020100300506032b656e04220420", "hex");
const SPKI_PREFIX = Buffer.from("302a300506032b656e032100", "hex");

/** What a box is bound to: whoever opens it must say the same. */
export interface BoxContext {
  /** What it is for. */
  readonly info: Uint8Array;
  /** What it belongs to. */
  readonly associated: Uint8Array;
}

/** A private X25519 key from its 32 bytes. */
export const sealingKeyFromBytes = (bytes: Uint8Array): KeyObject =>
  createPrivateKey({ key: Buffer.concat([PKCS8_PREFIX, bytes]), format: "der", type: "pkcs8" });

/** The 32 bytes of the public half of an X25519 key. */
export const sealingKeyBytes = (key: KeyObject): Uint8Array =>
  new Uint8Array(createPublicKey(key).export({ format: "der", type: "spki" }).subarray(SPKI_PREFIX.length));

/** Encrypts for the holder of the private half of an X25519 key, 32 bytes. `ephemeral` is a fresh key, used once. Throws ProtocolError. */
export function sealBox(
  receiver: Uint8Array,
  plaintext: Uint8Array,
  context: BoxContext,
  ephemeral: KeyObject = generateKeyPairSync("x25519").privateKey,
): v1.SealedBox.$Shape {
  const encapsulatedKey = sealingKeyBytes(ephemeral);
  const shared = sharedSecret(ephemeral, receiver, encapsulatedKey, receiver);
  const { key, nonce } = schedule(shared, context.info);
  const cipher = createCipheriv(AEAD, key, nonce, { authTagLength: TAG_BYTES });
  cipher.setAAD(context.associated, { plaintextLength: plaintext.length });
  const ciphertext = Buffer.concat([cipher.update(plaintext), cipher.final(), cipher.getAuthTag()]);
  return { encapsulatedKey, ciphertext };
}

/** Opens what was sealed for the key, in the same context. Throws ProtocolError. */
export function openBox(
  receiver: KeyObject,
  { encapsulatedKey = new Uint8Array(), ciphertext = new Uint8Array() }: v1.SealedBox.$Shape,
  context: BoxContext,
): Uint8Array {
  if (ciphertext.length < TAG_BYTES) throw new ProtocolError("malformed", "a sealed box is shorter than its tag");
  const shared = sharedSecret(receiver, encapsulatedKey, encapsulatedKey, sealingKeyBytes(receiver));
  const { key, nonce } = schedule(shared, context.info);
  const end = ciphertext.length - TAG_BYTES;
  const decipher = createDecipheriv(AEAD, key, nonce, { authTagLength: TAG_BYTES });
  decipher.setAAD(context.associated, { plaintextLength: end });
  decipher.setAuthTag(ciphertext.subarray(end));
  try {
    return Buffer.concat([decipher.update(ciphertext.subarray(0, end)), decipher.final()]);
  } catch (cause) {
    throw new ProtocolError("bad-signature", "a sealed box is for another key or another purpose, or was changed", {
      cause,
    });
  }
}

/** Section 4.1: the Diffie-Hellman value, bound to both public keys. */
function sharedSecret(own: KeyObject, other: Uint8Array, encapsulated: Uint8Array, receiver: Uint8Array): Buffer {
  const suite = Buffer.concat([Buffer.from("KEM"), number(KEM_ID)]);
  const secret = labelledExtract(suite, Buffer.alloc(0), "eae_prk", agreed(own, other));
  return labelledExpand(suite, secret, "shared_secret", Buffer.concat([encapsulated, receiver]), SECRET_BYTES);
}

/** What two X25519 keys have in common (RFC 7748); OpenSSL refuses what comes to zero, as the RFC asks. Throws ProtocolError. */
export function agreed(privateKey: KeyObject, bytes: Uint8Array): Buffer {
  try {
    const publicKey = createPublicKey({ key: Buffer.concat([SPKI_PREFIX, bytes]), format: "der", type: "spki" });
    return diffieHellman({ privateKey, publicKey });
  } catch (cause) {
    throw new ProtocolError("malformed", "this is no X25519 key", { cause });
  }
}

/** Section 5.1, for the mode without a shared or a sender's key. */
function schedule(shared: Buffer, info: Uint8Array): { readonly key: Buffer; readonly nonce: Buffer } {
  const suite = Buffer.concat([Buffer.from("HPKE"), number(KEM_ID), number(KDF_ID), number(AEAD_ID)]);
  const empty = Buffer.alloc(0);
  const context = Buffer.concat([
    MODE_BASE,
    labelledExtract(suite, empty, "psk_id_hash", empty),
    labelledExtract(suite, empty, "info_hash", info),
  ]);
  const secret = labelledExtract(suite, shared, "secret", empty);
  return {
    key: labelledExpand(suite, secret, "key", context, KEY_BYTES),
    nonce: labelledExpand(suite, secret, "base_nonce", context, NONCE_BYTES),
  };
}

const VERSION = Buffer.from("HPKE-v1");

/** HKDF's two steps (RFC 5869) by themselves: Node has them only together. An empty salt is the same as one of zeros. */
const labelledExtract = (suite: Buffer, salt: Buffer, label: string, material: Uint8Array): Buffer =>
  createHmac("sha256", salt)
    .update(Buffer.concat([VERSION, suite, Buffer.from(label), material]))
    .digest();

/** Of at most one block of the hash: nothing here is longer. */
const labelledExpand = (suite: Buffer, secret: Buffer, label: string, info: Uint8Array, length: number): Buffer =>
  createHmac("sha256", secret)
    .update(Buffer.concat([number(length), VERSION, suite, Buffer.from(label), info, Buffer.from([1])]))
    .digest()
    .subarray(0, length);

function number(value: number): Buffer {
  const bytes = Buffer.alloc(2);
  bytes.writeUInt16BE(value);
  return bytes;
}
