import { createHash } from "node:crypto";
import { seal, type SigningKey } from "./envelope.ts";
import { keyringRoles } from "./keyring.ts";
import { v1, type Keyring } from "./messages.ts";
import { privateKeyFromSeed, publicKeyBytes } from "./raw-keys.ts";
import { NEW_YEAR } from "./sample-messages.test-support.ts";

/** A key that a word names. */
export const keyOf = (word: string): SigningKey => ({
  keyId: word,
  privateKey: privateKeyFromSeed(createHash("sha256").update(word).digest()),
});

export const member = (role: string, word: string, over: v1.RoleKey.$Properties = {}): v1.RoleKey.$Properties => ({
  role,
  keyId: word,
  publicKey: publicKeyBytes(keyOf(word).privateKey),
  ...over,
});

/** A keyring in which one key has each role, called `<role>-1`. */
export const aKeyring = (over: v1.Keyring.$Properties = {}): v1.Keyring.$Properties => ({
  version: 2,
  trustDomain: "edgemere-1",
  issuedAtMs: NEW_YEAR,
  expiresAtMs: NEW_YEAR + 1_000_000,
  keys: keyringRoles.map((role) => member(role, `${role}-1`)),
  roles: keyringRoles.map((role) => ({ role, threshold: 1 })),
  ...over,
});

export const decoded = (over: v1.Keyring.$Properties = {}): Keyring =>
  v1.Keyring.decode(v1.Keyring.encode(over).finish());

export const signedBy = (over: v1.Keyring.$Properties, ...words: readonly string[]): v1.SignedEnvelope.$Shape =>
  seal("keyring", aKeyring(over), ...words.map(keyOf));
