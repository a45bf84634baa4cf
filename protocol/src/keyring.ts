import type { KeyObject } from "node:crypto";
import { atMost, instant, name, text } from "./check-values.ts";
import type { Keyring, v1 } from "./messages.ts";
import { ProtocolError } from "./protocol-error.ts";
import { publicKeyFromBytes } from "./raw-keys.ts";
import { nobody, type Role, type RoleKeys, type Trust } from "./trust.ts";

const MOST_KEYS = 64;
const MOST_ROLES = 16;
const KEY_BYTES = 32;

/** Roles that a signed document must name. */
export const keyringRoles = ["root", "commands", "dangerous", "releases"] as const satisfies readonly Role[];

/** Whether it is of the first form, which was not signed: one role, known from the enrolment alone. */
export const isUnsignedForm = ({ roles }: Pick<Keyring, "roles">): boolean => roles.length === 0;

/** What makes a signed keyring one that can be believed. Throws ProtocolError. */
export function checkKeyring(keyring: Keyring): void {
  const { version, keys, roles, issuedAtMs, expiresAtMs, trustDomain } = keyring;
  if (version < 1) throw new ProtocolError("missing-field", "keyring.version is 0; versions start at 1");
  name("keyring.trust_domain", trustDomain);
  instant("keyring.issued_at_ms", issuedAtMs);
  instant("keyring.expires_at_ms", expiresAtMs);
  if (expiresAtMs <= issuedAtMs)
    throw new ProtocolError("out-of-range", "keyring.expires_at_ms is not after issued_at_ms");
  atMost("keyring.keys", keys, MOST_KEYS);
  atMost("keyring.roles", roles, MOST_ROLES);
  for (const key of keys) checkKey(key);
  for (const rule of roles) checkRule(rule, keys);
  const named = roles.map(({ role }) => role);
  if (new Set(named).size < named.length) throw new ProtocolError("out-of-range", "keyring.roles names a role twice");
  for (const role of keyringRoles)
    if (!named.includes(role)) throw new ProtocolError("missing-field", `keyring.roles does not name ${role}`);
}

function checkKey({ role = "", keyId = "", publicKey, untilMs = 0 }: v1.RoleKey.$Shape): void {
  name("keyring.keys.role", role);
  name("keyring.keys.key_id", keyId);
  text("keyring.keys.key_id", keyId, 128);
  instant("keyring.keys.until_ms", untilMs);
  if (publicKey?.length !== KEY_BYTES)
    throw new ProtocolError("out-of-range", `keyring.keys.public_key must have ${KEY_BYTES} bytes`);
}

/** A threshold is of different keys: the same one under two names would count twice. */
function checkRule({ role = "", threshold = 0 }: v1.RoleRule.$Shape, all: readonly v1.RoleKey.$Shape[]): void {
  name("keyring.roles.role", role);
  const keys = all.filter((each) => each.role === role);
  const different = (values: readonly string[]) => new Set(values).size === values.length;
  if (!different(keys.map(({ keyId = "" }) => keyId)))
    throw new ProtocolError("out-of-range", `keyring.keys holds a key id of the role ${role} twice`);
  if (!different(keys.map(({ publicKey = new Uint8Array() }) => Buffer.from(publicKey).toString("hex"))))
    throw new ProtocolError("out-of-range", `keyring.keys holds a key of the role ${role} under two ids`);
  if (threshold < 1 || threshold > keys.length)
    throw new ProtocolError(
      "out-of-range",
      `keyring.roles.threshold of ${role} is ${threshold}, and the role has ${keys.length} keys`,
    );
}

/**
 * Whom a keyring makes its holder trust at the moment that `now` gives, milliseconds. One that has expired makes nobody
 * obeyed; its root keys still introduce the document that follows it. In the form that was not signed the keys of the role
 * "commands" stand for every role.
 */
export const trustIn = (keyring: Keyring, now: () => number): Trust => trust(keyring, now, true);

/** The same for what only tells, such as heads: a device whose keyring has expired does nothing, and goes on reporting. */
export const trustPastExpiry = (keyring: Keyring, now: () => number): Trust => trust(keyring, now, false);

/** Whether nobody is obeyed by it any more. */
export const isExpired = (keyring: Keyring, now: number): boolean =>
  !isUnsignedForm(keyring) && now >= keyring.expiresAtMs;

function trust(keyring: Keyring, now: () => number, heedsExpiry: boolean): Trust {
  const isUnsigned = isUnsignedForm(keyring);
  const members = new Map<Role, readonly Member[]>(
    keyringRoles.map((role) => [role, membersOf(keyring, isUnsigned ? "commands" : role)]),
  );
  const thresholds = new Map(keyring.roles.map(({ role, threshold }) => [role, threshold]));
  return (role): RoleKeys => {
    const at = now();
    if (heedsExpiry && role !== "root" && isExpired(keyring, at)) return nobody;
    const keys = (members.get(role) ?? []).filter(({ untilMs }) => untilMs === 0 || at < untilMs);
    const threshold = isUnsigned ? 1 : (thresholds.get(role) ?? 1);
    return { threshold, keys: new Map(keys.map(({ keyId, key }) => [keyId, key])) };
  };
}

interface Member {
  readonly keyId: string;
  readonly key: KeyObject;
  readonly untilMs: number;
}

const membersOf = ({ keys }: Keyring, role: string): readonly Member[] =>
  keys
    .filter((each) => each.role === role && each.publicKey?.length === KEY_BYTES)
    .map(({ keyId, publicKey, untilMs }) => ({
      keyId,
      key: publicKeyFromBytes(publicKey),
      untilMs,
    }));
