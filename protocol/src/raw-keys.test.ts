import assert from "node:assert/strict";
import { test } from "node:test";
import { keyIdOf, privateKeyFromSeed, publicKeyBytes, publicKeyFromBytes } from "./raw-keys.ts";

test("a key has the same name and public bytes whichever of its halves is at hand", () => {
  const privateKey = privateKeyFromSeed(new Uint8Array(32).fill(7));
  const publicKey = publicKeyFromBytes(publicKeyBytes(privateKey));

  assert.equal(keyIdOf(publicKey), keyIdOf(privateKey));
  assert.deepEqual(publicKeyBytes(publicKey), publicKeyBytes(privateKey));
  assert.match(keyIdOf(publicKey), /^[\w-]{16}$/);
});
