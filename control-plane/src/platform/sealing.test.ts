import assert from "node:assert/strict";
import { test } from "node:test";
import { seededRandom } from "@edgemere/protocol/simulated";
import { sealingWith } from "./sealing.ts";

const sealing = sealingWith(new Uint8Array(32).fill(3), seededRandom(1));

test("a secret that was sealed is opened for its owner, and does not stand in what is kept", () => {
  const sealed = sealing.seal("whsec_canary", "contact/night-shift");

  assert.equal(sealing.open(sealed, "contact/night-shift"), "whsec_canary");
  assert.doesNotMatch(Buffer.from(sealed, "base64").toString("latin1"), /canary/);
  assert.notEqual(sealing.seal("whsec_canary", "contact/night-shift"), sealed);
});

test("a sealed secret is opened for no other owner, under no other key, and not when a bit of it was changed", () => {
  const sealed = sealing.seal("whsec_canary", "contact/night-shift");
  const bent = Buffer.from(sealed, "base64");
  bent[14] = (bent[14] ?? 0) ^ 1;
  const other = sealingWith(new Uint8Array(32).fill(4), seededRandom(1));

  assert.throws(() => sealing.open(sealed, "contact/day-shift"));
  assert.throws(() => sealing.open(bent.toString("base64"), "contact/night-shift"));
  assert.throws(() => other.open(sealed, "contact/night-shift"));
  assert.throws(() => sealing.open("", "contact/night-shift"));
});
