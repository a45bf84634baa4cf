import { createPublicKey, sign, type KeyObject } from "node:crypto";

// DER's tags (X.690).
const INTEGER = 0x02;
const BIT_STRING = 0x03;
const OBJECT_IDENTIFIER = 0x06;
const UTF8_STRING = 0x0c;
const SEQUENCE = 0x30;
const SET = 0x31;
const ATTRIBUTES = 0xa0;

const COMMON_NAME = Buffer.from("550403", "hex");
const ECDSA_WITH_SHA256 = Buffer.from("2a8648ce3d040302", "hex");
const VERSION_1 = Buffer.of(0);
const NO_UNUSED_BITS = Buffer.of(0);

/** A PKCS#10 request (RFC 2986), PEM: asks for a certificate for an ECDSA key and proves that the asker has it. */
export function certificateRequest(key: KeyObject, commonName: string): string {
  const subject = der(
    SEQUENCE,
    der(SET, der(SEQUENCE, der(OBJECT_IDENTIFIER, COMMON_NAME), der(UTF8_STRING, Buffer.from(commonName)))),
  );
  const publicKey = createPublicKey(key).export({ format: "der", type: "spki" });
  const facts = der(SEQUENCE, der(INTEGER, VERSION_1), subject, publicKey, der(ATTRIBUTES));
  const algorithm = der(SEQUENCE, der(OBJECT_IDENTIFIER, ECDSA_WITH_SHA256));
  const signature = der(BIT_STRING, NO_UNUSED_BITS, sign("sha256", facts, key));
  return pem("CERTIFICATE REQUEST", der(SEQUENCE, facts, algorithm, signature));
}

/** Tag, length, content: lengths from 128 on say first in how many bytes they are written. */
function der(tag: number, ...parts: readonly Uint8Array[]): Buffer {
  const content = Buffer.concat(parts);
  const digits: number[] = [];
  for (let rest = content.length; rest > 0; rest = Math.floor(rest / 256)) digits.unshift(rest % 256);
  const length = content.length < 128 ? [content.length] : [128 + digits.length, ...digits];
  return Buffer.concat([Buffer.of(tag, ...length), content]);
}

/** Bytes in the text form of certificates and keys (RFC 7468). */
function pem(label: string, bytes: Uint8Array): string {
  const lines =
    Buffer.from(bytes)
      .toString("base64")
      .match(/.{1,64}/g) ?? [];
  return [`-----BEGIN ${label}-----`, ...lines, `-----END ${label}-----`, ""].join("\n");
}
