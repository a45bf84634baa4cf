import { createPublicKey, sign, type KeyObject } from "node:crypto";
import { BIT_STRING, CONTEXT_0, der, INTEGER, OBJECT_IDENTIFIER, pem, SEQUENCE, SET, UTF8_STRING } from "./der.ts";

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
  const facts = der(SEQUENCE, der(INTEGER, VERSION_1), subject, publicKey, der(CONTEXT_0));
  const algorithm = der(SEQUENCE, der(OBJECT_IDENTIFIER, ECDSA_WITH_SHA256));
  const signature = der(BIT_STRING, NO_UNUSED_BITS, sign("sha256", facts, key));
  return pem("CERTIFICATE REQUEST", der(SEQUENCE, facts, algorithm, signature));
}
