import assert from "node:assert/strict";
import { generateKeyPairSync } from "node:crypto";
import { test } from "node:test";
import fc from "fast-check";
import { openBox, sealBox, sealingKeyBytes, sealingKeyFromBytes } from "./hpke.ts";

const hex = (text: string) => Buffer.from(text, "hex");
// RFC 9180, A.2.1: base mode of DHKEM(X25519, HKDF-SHA256), HKDF-SHA256, ChaCha20Poly1305, its first encryption.
const vector = {
  info: hex("4f6465206f6e2061204772656369616e2055726e"),
  ephemeral: hex("f4ec9b33b792c372c1d2c2063507b684ef925b8c75a42dbcbf57d63ccd381600"),
  encapsulated: "1afa08d3dec047a643885163f1180476fa7ddb54c6a8029ea33f95796bf2ac4a",
  receiver: hex("8057991eef8f1f1af18f4a9491d16a1ce333f695d4db8e38da75975c4478e0fb"),
  receiverPublic: hex("4310ee97d88cc1f088a5576c77ab0cf5c3ac797f3d95139c6c84b5429c59662a"),
  plaintext: hex("4265617574792069732074727574682c20747275746820626561757479"),
  associated: hex("436f756e742d30"),
  ciphertext: "1c5250d8034ec2b784ba2cfd69dbdb8af406cfe3ff938e131f0def8c8b60b4db21993c62ce81883d2dd1b51a28",
};

test("a box is sealed as the vectors of RFC 9180 say", () => {
  const { info, associated, ephemeral, receiverPublic, plaintext } = vector;

  const box = sealBox(receiverPublic, plaintext, { info, associated }, sealingKeyFromBytes(ephemeral));

  assert.equal(Buffer.from(box.encapsulatedKey ?? []).toString("hex"), vector.encapsulated);
  assert.equal(Buffer.from(box.ciphertext ?? []).toString("hex"), vector.ciphertext);
});

test("a box of the vectors of RFC 9180 is opened", () => {
  const { info, associated, receiver, encapsulated, ciphertext } = vector;

  const box = { encapsulatedKey: hex(encapsulated), ciphertext: hex(ciphertext) };

  assert.deepEqual(openBox(sealingKeyFromBytes(receiver), box, { info, associated }), vector.plaintext);
});

const receiver = generateKeyPairSync("x25519").privateKey;
const context = { info: Buffer.from("for"), associated: Buffer.from("of") };
const bytes = fc.uint8Array({ maxLength: 300 });

test("whatever is sealed for a key is opened with it, and no two boxes are alike", () => {
  fc.assert(
    fc.property(bytes, bytes, bytes, (plaintext, info, associated) => {
      const seal = () => sealBox(sealingKeyBytes(receiver), plaintext, { info, associated });
      const [one, other] = [seal(), seal()];

      assert.deepEqual(Buffer.from(openBox(receiver, one, { info, associated })), Buffer.from(plaintext));
      assert.notDeepEqual(one, other);
    }),
    { numRuns: 50 },
  );
});

const box = sealBox(sealingKeyBytes(receiver), Buffer.from("hush"), context);
const { encapsulatedKey = new Uint8Array(), ciphertext = new Uint8Array() } = box;
const flipped = (original: Uint8Array, at: number) => original.map((byte, place) => (place === at ? byte ^ 1 : byte));
const refusals = [
  ["for another purpose", () => openBox(receiver, box, { ...context, info: Buffer.from("for what") }), "bad-signature"],
  ["of another thing", () => openBox(receiver, box, { ...context, associated: Buffer.from("off") }), "bad-signature"],
  ["for another key", () => openBox(generateKeyPairSync("x25519").privateKey, box, context), "bad-signature"],
  [
    "with another encapsulated key",
    () => openBox(receiver, { ...box, encapsulatedKey: flipped(encapsulatedKey, 3) }, context),
    "bad-signature",
  ],
  [
    "with a key that is none",
    () => openBox(receiver, { ...box, encapsulatedKey: Buffer.from("short") }, context),
    "malformed",
  ],
  [
    "with a key that makes every secret zero",
    () => openBox(receiver, { ...box, encapsulatedKey: Buffer.alloc(32) }, context),
    "malformed",
  ],
  [
    "that is cut off",
    () => openBox(receiver, { ...box, ciphertext: ciphertext.subarray(0, 15) }, context),
    "malformed",
  ],
  ["that is empty", () => openBox(receiver, {}, context), "malformed"],
] as const;
for (const [what, opening, reason] of refusals) {
  test(`a box ${what} is not opened`, () => {
    assert.throws(opening, { name: "ProtocolError", reason });
  });
}

test("a box of which any one bit was changed is not opened", () => {
  for (let at = 0; at < ciphertext.length; at++)
    assert.throws(() => openBox(receiver, { ...box, ciphertext: flipped(ciphertext, at) }, context), {
      reason: "bad-signature",
    });
});
