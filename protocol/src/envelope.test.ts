import assert from "node:assert/strict";
import { createHash, sign } from "node:crypto";
import { test } from "node:test";
import { open, payloadTypes, preAuthenticationEncoding, roleOfTask, seal } from "./envelope.ts";
import { commandKinds } from "./command-kinds.ts";
import { v1 } from "./messages.ts";
import { privateKeyFromSeed, publicKeyBytes, publicKeyFromBytes } from "./raw-keys.ts";
import { NEW_YEAR } from "./sample-messages.test-support.ts";
import { nobody, trustOnly, type Role, type RoleKeys, type Trust } from "./trust.ts";

const keyOf = (word: string) => {
  const privateKey = privateKeyFromSeed(createHash("sha256").update(word).digest());
  return { keyId: word, privateKey, publicKey: publicKeyFromBytes(publicKeyBytes(privateKey)) };
};
const ours = keyOf("ours");
// Computed by another implementation of Ed25519 from the SHA-256 of "ours" as the seed.
const KNOWN_SIGNATURE =
  "1b942e1a966bdd159b370fbe84a1e0e5f509113e9d6651442d33da7fcba578be5e086f05999d57d9f83750ab69c79896623eb7731bc8109fe0bc0f5c4b7de700";
const stranger = keyOf("stranger");
const find = trustOnly("commands", ours.keyId, ours.publicKey);
/** Trusts the keys of each role, so many of them together. */
const trusting =
  (roles: Partial<Record<Role, { threshold: number; keys: readonly ReturnType<typeof keyOf>[] }>>): Trust =>
  (role): RoleKeys => {
    const { threshold, keys } = roles[role] ?? { threshold: 1, keys: [] };
    return { threshold, keys: new Map(keys.map((key) => [key.keyId, key.publicKey])) };
  };

const aCommand = (over: v1.Command.$Properties = {}): v1.Command.$Properties => ({
  trustDomain: "edgemere-1",
  device: "d1",
  command: "c1",
  sequence: 3,
  issuedAtMs: NEW_YEAR,
  expiresAtMs: NEW_YEAR + 60_000,
  runTimeoutMs: 1_000,
  actor: "user:alice",
  ping: {},
  ...over,
});
const sealed = (over: v1.Command.$Properties = {}) => seal("command", aCommand(over), ours);
const refusal = (reason: string, message?: RegExp) => ({ name: "ProtocolError", reason, ...(message && { message }) });

test("the pre-authentication encoding is DSSE's: the example of its specification comes out", () => {
  const encoded = preAuthenticationEncoding("http://example.com/HelloWorld", Buffer.from("hello world"));

  assert.equal(Buffer.from(encoded).toString(), "DSSEv1 29 http://example.com/HelloWorld 11 hello world");
});

const encodings = [
  ["nothing at all", "", "", "DSSEv1 0  0 "],
  ["a type with letters of two bytes", "typé", "x", "DSSEv1 5 typé 1 x"],
  ["a payload that looks like the next field", "t", "1 x 1 y", "DSSEv1 1 t 7 1 x 1 y"],
] as const;
for (const [what, type, payload, expected] of encodings) {
  test(`the pre-authentication encoding of ${what} counts bytes`, () => {
    assert.equal(Buffer.from(preAuthenticationEncoding(type, Buffer.from(payload))).toString(), expected);
  });
}

test("type and payload cannot be shifted into each other", () => {
  const one = preAuthenticationEncoding("a 1", Buffer.from("b"));
  const other = preAuthenticationEncoding("a", Buffer.from("1 b"));

  assert.notDeepEqual(one, other);
});

test("a key from a seed has the public half and the signature of RFC 8032, test 1", () => {
  const seed = Buffer.from("9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60", "hex");
  const publicKey = publicKeyBytes(privateKeyFromSeed(seed));

  assert.equal(
    Buffer.from(publicKey).toString("hex"),
    "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a",
  );
});

test("the signature of a known key over a known payload is a known one", () => {
  const { payload, payloadType, signatures } = seal("syncHead", { device: "d1", latestSequence: 3 }, ours);

  assert.equal(Buffer.from(payload ?? []).toString("hex"), "0a0264311003");
  assert.equal(payloadType, "application/vnd.edgemere.sync-head.v1+protobuf");
  assert.equal(signatures?.[0]?.keyId, "ours");
  assert.equal(Buffer.from(signatures?.[0]?.signature ?? []).toString("hex"), KNOWN_SIGNATURE);
});

test("what was sealed is opened by whoever holds the public key", () => {
  const message = open("command", sealed(), find);

  assert.equal(message.command, "c1");
  assert.equal(message.task, "ping");
});

test("an envelope that crossed the wire is opened like the one that was sealed", () => {
  const crossed = v1.SignedEnvelope.decode(v1.SignedEnvelope.encode(sealed()).finish());

  assert.equal(open("command", crossed, find).sequence, 3);
});

test("a head is never taken for a command, though both are signed by the same key", () => {
  const head = seal("syncHead", { device: "d1", latestSequence: 3 }, ours);

  assert.throws(() => open("command", head, find), refusal("wrong-body", /a command was expected, not "application/));
});

test("a type that was changed on the way is refused by the signature", () => {
  const head = seal("syncHead", { device: "d1" }, ours);

  assert.throws(() => open("command", { ...head, payloadType: payloadTypes.command }, find), refusal("bad-signature"));
});

test("a payload with one bit changed is refused", () => {
  const envelope = sealed();
  const payload = Uint8Array.from(envelope.payload ?? []);
  payload[0] = (payload[0] ?? 0) ^ 1;

  assert.throws(() => open("command", { ...envelope, payload }, find), refusal("bad-signature"));
});

test("a payload that means the same in other bytes is refused: nothing is encoded again to verify it", () => {
  const envelope = sealed();
  // An unknown field changes the bytes and not what a decoder makes of them.
  const payload = Buffer.concat([envelope.payload ?? new Uint8Array(), Buffer.from("f80700", "hex")]);

  assert.throws(() => open("command", { ...envelope, payload }, find), refusal("bad-signature"));
});

test("the signature of a stranger is refused, and so is a stranger's under our key's name", () => {
  const foreign = seal("command", aCommand(), stranger);
  const disguised = seal("command", aCommand(), { ...stranger, keyId: ours.keyId });

  assert.throws(() => open("command", foreign, find), refusal("unknown-key", /no known key signed this command/));
  assert.throws(() => open("command", disguised, find), refusal("bad-signature"));
});

test("of several signatures one that fits is enough, whatever the others are", () => {
  const [good] = sealed().signatures ?? [];
  const signatures = [
    { keyId: "stranger", signature: Buffer.alloc(64) },
    { keyId: "ours", signature: Buffer.alloc(64, 9) },
    good!,
  ];

  assert.equal(open("command", { ...sealed(), signatures }, find).command, "c1");
});

const unsigned = {
  "without a signature": [],
  "with an empty signature entry": [{}],
  "with a key id and no signature": [{ keyId: "ours" }],
};
for (const [what, signatures] of Object.entries(unsigned)) {
  test(`an envelope ${what} is not signed by anybody`, () => {
    assert.throws(() => open("command", { ...sealed(), signatures }, find), refusal("unknown-key"));
  });
}

for (const length of [0, 1, 63, 65, 1_000]) {
  test(`a signature of ${length} bytes is a bad one and no failure of ours`, () => {
    const signatures = [{ keyId: "ours", signature: Buffer.alloc(length, 1) }];

    assert.throws(() => open("command", { ...sealed(), signatures }, find), refusal("bad-signature"));
  });
}

test("an empty envelope is refused for its type", () => {
  assert.throws(() => open("command", {}, find), refusal("wrong-body", /not ""/));
});

const [first, second, third] = [keyOf("first"), keyOf("second"), keyOf("third")];
const two = trusting({ commands: { threshold: 2, keys: [first, second, third] } });
const thresholds = [
  ["one of two signatures", [first], "too-few-signatures"],
  ["the same key's signature twice", [first, first], "too-few-signatures"],
  ["one signature and a stranger's", [first, stranger], "too-few-signatures"],
  [
    "one signature and a stranger's under a known name",
    [first, { ...stranger, keyId: "second" }],
    "too-few-signatures",
  ],
  ["no signature of the role", [stranger], "unknown-key"],
  [
    "two signatures under each other's names",
    [
      { ...first, keyId: "second" },
      { ...second, keyId: "first" },
    ],
    "bad-signature",
  ],
] as const;
for (const [what, keys, reason] of thresholds) {
  test(`where two keys must sign, ${what} is refused`, () => {
    assert.throws(() => open("command", seal("command", aCommand(), ...keys), two), refusal(reason));
  });
}

test("where two keys must sign, any two different ones of the role are enough", () => {
  assert.equal(open("command", seal("command", aCommand(), third, stranger, first), two).command, "c1");
});

test("a role without keys is not satisfied by nobody, whatever its threshold says", () => {
  const trust: Trust = () => ({ threshold: 0, keys: new Map() });

  assert.throws(() => open("command", sealed(), trust), refusal("unknown-key"));
  assert.throws(() => open("command", { ...sealed(), signatures: [] }, () => nobody), refusal("unknown-key"));
});

test("each kind of command needs the role that its danger asks for", () => {
  for (const [kind, { task, dangerous }] of Object.entries(commandKinds))
    assert.equal(roleOfTask(task), dangerous ? "dangerous" : "commands", kind);
});

test("a task that is not known here counts as dangerous", () => {
  assert.equal(roleOfTask(undefined), "dangerous");
  assert.equal(roleOfTask("wipe"), "dangerous");
});

test("a command of a kind that a later version brought is opened whichever of both roles signed it, so that it can be rejected in words", () => {
  const later = { ...aCommand(), ping: null };
  for (const key of [ours, second]) assert.equal(open("command", seal("command", later, key), both).task, undefined);
  assert.throws(() => open("command", seal("command", later), both), refusal("unknown-key"));
});

const exec = { ping: null, exec: { argv: ["id"] } };
const both = trusting({ commands: { threshold: 1, keys: [ours] }, dangerous: { threshold: 1, keys: [second] } });

test("a dangerous command with a signature for ordinary ones only is refused for its role", () => {
  assert.throws(() => open("command", sealed(exec), both), refusal("wrong-role", /role dangerous/));
});

test("an ordinary command with a signature for dangerous ones only is refused for its role", () => {
  assert.throws(
    () => open("command", seal("command", aCommand(), second), both),
    refusal("wrong-role", /role commands/),
  );
});

test("a dangerous command with the signature of its role is opened, whoever else signed it", () => {
  assert.equal(open("command", seal("command", aCommand(exec), second), both).task, "exec");
  assert.equal(open("command", seal("command", aCommand(exec), ours, second), both).task, "exec");
});

test("a key of a device signs results and nothing else", () => {
  const own = trustOnly("device", ours.keyId, ours.publicKey);
  const report = { command: "c1", phase: v1.CommandPhase.COMMAND_PHASE_SUCCEEDED, finishedAtMs: NEW_YEAR };

  assert.equal(open("result", seal("result", report, ours), own).command, "c1");
  assert.throws(() => open("command", sealed(), own), refusal("unknown-key"));
  assert.throws(() => open("result", seal("result", report, ours), find), refusal("unknown-key"));
});

test("a well-signed result must be a report that makes sense", () => {
  const own = trustOnly("device", ours.keyId, ours.publicKey);
  const report = { command: "c1", phase: v1.CommandPhase.COMMAND_PHASE_SUCCEEDED };

  assert.throws(() => open("result", seal("result", report, ours), own), refusal("missing-field", /finished_at_ms/));
});

const beyond = [
  ["sequence", { sequence: 2 ** 53 }],
  ["issued_at_ms", { issuedAtMs: -1 }],
  ["expires_at_ms", { expiresAtMs: NEW_YEAR * 1_000 }],
  ["generation", { generation: 2 ** 53 }],
] as const;
for (const [field, over] of beyond) {
  test(`a well-signed command whose ${field} is out of range is refused`, () => {
    assert.throws(() => open("command", sealed(over), find), refusal("out-of-range", new RegExp(`^${field} `)));
  });
}

test("a well-signed head that cancels what is no id is refused", () => {
  const head = seal("syncHead", { device: "d1", cancelledCommands: ["#"] }, ours);

  assert.throws(() => open("syncHead", head, find), refusal("bad-id", /^cancelled_commands /));
});

test("well-signed bytes that are no command are malformed", () => {
  const payload = Buffer.from("0a", "hex");
  const payloadType = payloadTypes.command;
  const signature = sign(null, preAuthenticationEncoding(payloadType, payload), ours.privateKey);
  const envelope = { payload, payloadType, signatures: [{ keyId: ours.keyId, signature }] };

  assert.throws(() => open("command", envelope, find), refusal("malformed"));
});

test("the error of a refusal never shows more of a type than 128 characters", () => {
  const envelope = { ...sealed(), payloadType: "t".repeat(10_000) };

  assert.throws(
    () => open("command", envelope, find),
    (error: Error) => error.message.length < 200,
  );
});
