import { open } from "./envelope.ts";
import { isExpired, trustIn } from "./keyring.ts";
import type { Keyring, v1 } from "./messages.ts";
import { ProtocolError } from "./protocol-error.ts";

/** What the reader of a new keyring has. */
export interface KnownKeyring {
  readonly known: Keyring;
  readonly trustDomain: string;
  /** Milliseconds. */
  readonly now: number;
}

/**
 * Takes a keyring document for the one that follows what is known: a higher version, not expired, and signed by enough root keys
 * of the known document and of its own, so that neither can be replaced without its holders. A reader of the form that was
 * not signed has no root keys: there a key for commands must have signed too. Throws ProtocolError.
 */
export function openNewerKeyring(
  envelope: v1.SignedEnvelope.$Shape,
  { known, trustDomain, now }: KnownKeyring,
): Keyring {
  const keyring = open(
    "keyring",
    envelope,
    trustIn(known, () => now),
  );
  open(
    "keyring",
    envelope,
    trustIn(keyring, () => now),
  );
  const { version } = keyring;
  if (version <= known.version)
    throw new ProtocolError("outdated", `keyring ${version} is not above ${known.version}, which is known here`);
  if (keyring.trustDomain !== trustDomain)
    throw new ProtocolError("not-yours", `keyring ${version} is of the trust domain "${keyring.trustDomain}"`);
  if (isExpired(keyring, now))
    throw new ProtocolError("expired", `keyring ${version} expired at ${keyring.expiresAtMs}`);
  return keyring;
}
