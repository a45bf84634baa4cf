import {
  decode,
  keyIdOf,
  keyringRoles,
  limits,
  publicKeyBytes,
  v1,
  type Encodable,
  type Keyring,
  type Role,
  type SigningKey,
} from "@edgemere/protocol";
import { DAY } from "@edgemere/protocol/kit";
import type { KeyObject } from "node:crypto";

/** The form that was not signed was version 1: whoever has it takes the first signed one. */
const FIRST_VERSION = 2;
const KEYRING_DAYS = 5 * 365;

type KeyringRole = (typeof keyringRoles)[number];
type Draft = Encodable<typeof v1.Keyring>;

/** A document with its number, as it was signed. */
export interface KeyringDocument {
  readonly keyring: Keyring;
  readonly envelope: v1.SignedEnvelope.$Shape;
}

/** One key for each role, each of them enough. */
export const firstKeyring = (
  keys: Readonly<Record<KeyringRole, SigningKey>>,
  { trustDomain, now }: { readonly trustDomain: string; readonly now: number },
): Draft => ({
  version: FIRST_VERSION,
  trustDomain,
  ...lasting(now),
  keys: keyringRoles.map((role) => member(role, keys[role].privateKey)),
  roles: keyringRoles.map((role) => ({ role, threshold: 1 })),
});

interface Rotation {
  readonly role: KeyringRole;
  /** Private or public. */
  readonly key: KeyObject;
  readonly now: number;
  /** How long the former keys of the role still count, milliseconds. */
  readonly grace: number;
  /** The new version is above this one as well. */
  readonly above: number;
}

/** The document after this one, in which one key more signs for a role and those before it cease to. A root that is replaced goes at once: it has signed its successor. */
export function rotated(keyring: Keyring, { role, key, now, grace, above }: Rotation): Draft {
  const until = Math.round(now + (role === "root" ? 0 : grace));
  const others = keyring.keys.filter((each) => each.role !== role);
  const former = keyring.keys
    .filter((each) => each.role === role && role !== "root")
    .map(({ untilMs, ...each }) => ({ ...each, untilMs: untilMs === 0 ? until : Math.min(untilMs, until) }))
    .filter(({ untilMs }) => untilMs > now);
  return {
    version: Math.max(keyring.version, above) + 1,
    trustDomain: keyring.trustDomain,
    ...lasting(now),
    keys: [...others, ...former, member(role, key)],
    // One new key takes the place of all before it.
    roles: keyring.roles.map((rule) => (rule.role === role ? { role, threshold: 1 } : rule)),
  };
}

/** Ids of the keys that sign for a role now and go on to. */
export const lastingKeyIds = ({ keys }: Keyring, role: Role): readonly string[] =>
  keys.filter((each) => each.role === role && (each.untilMs ?? 0) === 0).map(({ keyId }) => keyId);

/**
 * What a reader of a version needs, oldest first: the newest document, and before it each that gave the root to other keys,
 * since only those before introduce it.
 */
export function neededAfter(version: number, documents: readonly KeyringDocument[]): readonly KeyringDocument[] {
  const changesRoot = (at: number) => at > 0 && rootsOf(documents[at]?.keyring) !== rootsOf(documents[at - 1]?.keyring);
  return documents
    .filter(({ keyring }, at) => keyring.version > version && (at === documents.length - 1 || changesRoot(at)))
    .slice(0, limits.keyrings);
}

const rootsOf = (keyring: Keyring | undefined): string =>
  JSON.stringify([
    (keyring?.keys ?? []).filter(({ role }) => role === "root").map(({ publicKey }) => [...publicKey]),
    (keyring?.roles ?? []).find(({ role }) => role === "root")?.threshold,
  ]);

/** Reads a stored document. Throws ProtocolError. */
export function documentFrom(bytes: Uint8Array): KeyringDocument {
  const envelope = decode(v1.SignedEnvelope, bytes);
  return { envelope, keyring: decode(v1.Keyring, envelope.payload) };
}

const lasting = (now: number) => ({ issuedAtMs: Math.round(now), expiresAtMs: Math.round(now + KEYRING_DAYS * DAY) });

const member = (role: KeyringRole, key: KeyObject) => ({ role, keyId: keyIdOf(key), publicKey: publicKeyBytes(key) });
