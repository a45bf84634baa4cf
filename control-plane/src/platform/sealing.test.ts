import assert from "node:assert/strict";
import { test } from "node:test";
import { seededRandom } from "@edgemere/protocol/simulated";
import { sealingWith } from "./sealing.ts";

const sealing = sealingWith(new Uint8Array(32).fill(3), seededRandom(1));
const other = sealingWith(new Uint8Array(32).fill(4), seededRandom(1));

test("what is sealed opens under its key and for its owner, and for nobody else", () => {
  const sealed = sealing.seal("a canary with ümlauts", "contact/night-shift");

  assert.equal(sealing.open(sealed, "contact/night-shift"), "a canary with ümlauts");
  assert.equal(sealing.open(sealed, "contact/day-shift"), undefined);
  assert.equal(other.open(sealed, "contact/night-shift"), undefined);
  assert.doesNotMatch(Buffer.from(sealed, "base64").toString("latin1"), /canary/);
  assert.notEqual(sealing.seal("a canary with ümlauts", "contact/night-shift"), sealed);
});

test("what was changed, cut short or never sealed does not open", () => {
  const sealed = Buffer.from(sealing.seal("secret", "o"), "base64");
  for (let i = 0; i < sealed.length; i++) {
    const changed = Buffer.from(sealed);
    changed[i] = (changed[i] ?? 0) ^ 1;
    assert.equal(sealing.open(changed.toString("base64"), "o"), undefined);
    assert.equal(sealing.open(sealed.subarray(0, i).toString("base64"), "o"), undefined);
  }
});
