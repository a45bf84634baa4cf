import assert from "node:assert/strict";
import { createPublicKey, generateKeyPairSync, verify } from "node:crypto";
import { test } from "node:test";
import { certificateRequest } from "./certificate-request.ts";
import { contentOf, elementsOf, publicKeyOf } from "./certificates.test-support.ts";

test("a certificate request names its key, and is signed by it", () => {
  const { privateKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
  const publicKey = createPublicKey(privateKey);

  // Long enough that a length takes more than one byte.
  const request = certificateRequest(privateKey, "x".repeat(200));

  const bytes = Buffer.from(request.replaceAll(/-----[^-]+-----|\s/g, ""), "base64");
  const [facts, , signature] = elementsOf(bytes);
  const signed = signature?.subarray(contentOf(signature).start + 1) ?? Buffer.of();
  assert.deepEqual(publicKeyOf(request), publicKey.export({ format: "der", type: "spki" }));
  assert.ok(verify("sha256", facts ?? Buffer.of(), publicKey, signed));
  assert.match(request, /^-----BEGIN CERTIFICATE REQUEST-----\n[A-Za-z0-9+/\n]{64}/);
});
