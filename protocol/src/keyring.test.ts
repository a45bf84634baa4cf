import assert from "node:assert/strict";
import { test } from "node:test";
import { open, seal, payloadTypes } from "./envelope.ts";
import { checkKeyring, trustIn, trustPastExpiry } from "./keyring.ts";
import { openNewerKeyring } from "./keyring-chain.ts";
import { aKeyring, decoded, keyOf, member, signedBy } from "./keyring.test-support.ts";
import { NEW_YEAR } from "./sample-messages.test-support.ts";
import type { Role } from "./trust.ts";

const known = decoded(aKeyring());
const now = NEW_YEAR + 1_000;
const reader = { known, trustDomain: "edgemere-1", now };
const refusal = (reason: string, message?: RegExp) => ({ name: "ProtocolError", reason, ...(message && { message }) });
const others = (role: Role, ...keys: readonly string[]) => [
  ...(aKeyring().keys ?? []).filter((each) => each.role !== role),
  ...keys.map((word) => member(role, word)),
];
const rules = (role: Role, threshold: number) =>
  (aKeyring().roles ?? []).map((each) => (each.role === role ? { role, threshold } : each));

test("a keyring that follows the known one and is signed by its root is taken", () => {
  assert.equal(openNewerKeyring(signedBy({ version: 3 }, "root-1"), reader).version, 3);
});

test("a reader that has missed versions takes the newest at once while the root is the same", () => {
  assert.equal(openNewerKeyring(signedBy({ version: 9 }, "root-1"), reader).version, 9);
});

const refused = [
  ["nobody signed", signedBy({ version: 3 }), "unknown-key"],
  ["a stranger signed", signedBy({ version: 3 }, "stranger"), "unknown-key"],
  ["the commands key signed", signedBy({ version: 3 }, "commands-1"), "unknown-key"],
  ["is as old as the known one", signedBy({ version: 2, expiresAtMs: NEW_YEAR + 5 }, "root-1"), "outdated"],
  ["is older", signedBy({ version: 1 }, "root-1"), "outdated"],
  ["has expired", signedBy({ version: 3, expiresAtMs: now }, "root-1"), "expired"],
  ["is of another trust domain", signedBy({ version: 3, trustDomain: "edgemere-2" }, "root-1"), "not-yours"],
  [
    "has a new root that did not sign",
    signedBy({ version: 3, keys: others("root", "root-2") }, "root-1"),
    "unknown-key",
  ],
  ["only its own root signed", signedBy({ version: 3, keys: others("root", "root-2") }, "root-2"), "unknown-key"],
  ["has a threshold of 0", signedBy({ version: 3, roles: rules("commands", 0) }, "root-1"), "out-of-range"],
  [
    "has a threshold that its keys cannot meet",
    signedBy({ version: 3, roles: rules("root", 2) }, "root-1"),
    "out-of-range",
  ],
  ["names a role without keys", signedBy({ version: 3, keys: others("dangerous") }, "root-1"), "out-of-range"],
  [
    "names a role twice",
    signedBy({ version: 3, roles: [...rules("root", 1), { role: "root", threshold: 1 }] }, "root-1"),
    "out-of-range",
  ],
  ["does not name a role", signedBy({ version: 3, roles: rules("root", 1).slice(0, 3) }, "root-1"), "missing-field"],
  [
    "has one key under two ids",
    signedBy(
      { version: 3, keys: [...others("root", "root-1"), member("root", "root-1", { keyId: "again" })] },
      "root-1",
    ),
    "out-of-range",
  ],
  [
    "has one id for two keys",
    signedBy(
      { version: 3, keys: [...others("root", "root-1"), member("root", "root-2", { keyId: "root-1" })] },
      "root-1",
    ),
    "out-of-range",
  ],
  [
    "has half a key",
    signedBy(
      { version: 3, keys: [...others("releases"), member("releases", "r", { publicKey: new Uint8Array(16) })] },
      "root-1",
    ),
    "out-of-range",
  ],
  [
    "expires before it was issued",
    signedBy({ version: 3, issuedAtMs: NEW_YEAR, expiresAtMs: NEW_YEAR - 1 }, "root-1"),
    "out-of-range",
  ],
  [
    "is signed as something else",
    { ...signedBy({ version: 3 }, "root-1"), payloadType: payloadTypes.command },
    "wrong-body",
  ],
] as const;
for (const [what, envelope, reason] of refused) {
  test(`a keyring that ${what} is refused`, () => {
    assert.throws(() => openNewerKeyring(envelope, reader), refusal(reason));
  });
}

test("the root changes hands when the old and the new both sign", () => {
  const next = openNewerKeyring(signedBy({ version: 3, keys: others("root", "root-2") }, "root-1", "root-2"), reader);

  assert.equal(
    openNewerKeyring(signedBy({ version: 4, keys: others("root", "root-2") }, "root-2"), { ...reader, known: next })
      .version,
    4,
  );
  assert.throws(
    () => openNewerKeyring(signedBy({ version: 4 }, "root-1"), { ...reader, known: next }),
    refusal("unknown-key"),
  );
});

test("a root of two of three counts different keys, of the old document and of the new", () => {
  const roots = others("root", "root-1", "root-2", "root-3");
  const three = { ...reader, known: decoded(aKeyring({ keys: roots, roles: rules("root", 2) })) };
  const next = { version: 3, keys: roots, roles: rules("root", 2) };

  assert.equal(openNewerKeyring(signedBy(next, "root-3", "root-1"), three).version, 3);
  assert.throws(() => openNewerKeyring(signedBy(next, "root-1", "root-1"), three), refusal("too-few-signatures"));
  assert.throws(() => openNewerKeyring(signedBy(next, "root-1"), three), refusal("too-few-signatures"));
  // One of the old root would be enough for the new document's own rule.
  assert.throws(() => openNewerKeyring(signedBy({ version: 3 }, "root-1"), three), refusal("too-few-signatures"));
});

test("a keyring that has expired here still introduces the one that follows it", () => {
  const late = { ...reader, now: NEW_YEAR + 2_000_000 };

  assert.equal(
    openNewerKeyring(signedBy({ version: 3, expiresAtMs: NEW_YEAR + 9_000_000 }, "root-1"), late).version,
    3,
  );
});

test("the first signed keyring is taken by a reader of the unsigned form when a commands key that it knows has signed too", () => {
  const old = decoded({ version: 1, keys: [member("commands", "commands-1")] });
  const before = { ...reader, known: old };

  assert.equal(openNewerKeyring(signedBy({}, "root-1", "commands-1"), before).version, 2);
  assert.throws(() => openNewerKeyring(signedBy({}, "root-1"), before), refusal("unknown-key"));
  assert.throws(() => openNewerKeyring(signedBy({}, "commands-1"), before), refusal("unknown-key"));
});

test("a keyring of the unsigned form is never taken for one that follows", () => {
  const envelope = seal("keyring", { version: 3, keys: [member("commands", "root-1")] }, keyOf("root-1"));

  assert.throws(() => openNewerKeyring(envelope, reader), { name: "ProtocolError" });
});

const command = { command: "c1", issuedAtMs: NEW_YEAR, expiresAtMs: NEW_YEAR, ping: {} };

test("a key counts until its time is over, and no longer", () => {
  const keyring = decoded(
    aKeyring({ keys: others("commands", "new").concat(member("commands", "old", { untilMs: now })) }),
  );
  const byOld = seal("command", command, keyOf("old"));

  assert.equal(
    open(
      "command",
      byOld,
      trustIn(keyring, () => now - 1),
    ).command,
    "c1",
  );
  assert.throws(
    () =>
      open(
        "command",
        byOld,
        trustIn(keyring, () => now),
      ),
    refusal("unknown-key"),
  );
  assert.equal(
    open(
      "command",
      seal("command", command, keyOf("new")),
      trustIn(keyring, () => now),
    ).command,
    "c1",
  );
});

test("a keyring that has expired makes nobody obeyed, and its heads are believed", () => {
  const late = () => NEW_YEAR + 1_000_000;

  assert.throws(
    () => open("command", seal("command", command, keyOf("commands-1")), trustIn(known, late)),
    refusal("unknown-key"),
  );
  assert.equal(
    open("syncHead", seal("syncHead", { device: "d1" }, keyOf("commands-1")), trustPastExpiry(known, late)).device,
    "d1",
  );
});

test("a well-formed keyring has nothing to complain of", () => {
  checkKeyring(known);
});
