import { createPrivateKey, hkdfSync, X509Certificate, type KeyObject } from "node:crypto";
import {
  decode,
  isDeviceId,
  keyIdOf,
  sealingKeyFromBytes,
  v1,
  type Keyring,
  type SigningKey,
} from "@edgemere/protocol";
import type { Disk } from "@edgemere/protocol/kit";
import { isBrokerAddress } from "./addresses.ts";

/** Who this device is, and whom it trusts. Made by enrolment; an agent never destroys it on an error. */
export interface Identity {
  readonly device: string;
  readonly name: string;
  readonly trustDomain: string;
  /** Address of the device API, `https://host:port`. */
  readonly server: string;
  /** Addresses of the broker, `mqtts://host:port`, the preferred one first. */
  readonly mqtt: readonly string[];
  /** PEM; its public key belongs to `key`. */
  readonly certificate: string;
  /** PEM, from the issuer to the root. */
  readonly chain: readonly string[];
  /** PEM: the only certificate this device trusts. */
  readonly rootCertificate: string;
  /** PEM: private key of the certificate. */
  readonly key: string;
  /** PEM: private Ed25519 key for what the device itself signs. */
  readonly messageKey: string;
  /** Signed by the control plane, which alone reads it: how many certificates this identity has had. Absent: none came with one yet. */
  readonly joinState?: string;
  /** As the enrolment gave it; a newer one that came since lies beside it. */
  readonly keyring: Keyring;
}

/** An identity that cannot be used. It stays where it is: whoever put it there may put it right. */
export class BadIdentity extends Error {
  constructor(what: string, options?: ErrorOptions) {
    super(`the identity ${what}`, options);
    this.name = "BadIdentity";
  }
}

// One file, so that a power cut leaves the old identity or the new one and never half of each.
const FILE = "identity.json";

/** Undefined when this agent has not been enrolled. Throws BadIdentity. */
export async function loadIdentity(disk: Disk): Promise<Identity | undefined> {
  const bytes = await disk.read(FILE);
  if (bytes === undefined) return undefined;
  try {
    const { keyring, mqtt, ...rest } = JSON.parse(new TextDecoder().decode(bytes)) as StoredIdentity;
    return checkIdentity({ ...rest, mqtt: addressesFrom(mqtt), keyring: keyringFrom(keyring) });
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : "it cannot be read";
    throw new BadIdentity(
      `in ${FILE} of the data folder is damaged: ${why}. Restore the file, or enrol again with --again`,
      {
        cause,
      },
    );
  }
}

/** Replaces the identity in one step; the file is readable by its owner only. */
export async function saveIdentity(disk: Disk, identity: Identity): Promise<void> {
  const keyring = Buffer.from(v1.Keyring.encode(identity.keyring).finish()).toString("base64");
  const stored: StoredIdentity = { ...identity, keyring };
  await disk.write(FILE, Buffer.from(`${JSON.stringify(stored, undefined, 2)}\n`));
}

/** Only ever done when the control plane has said, signed, that the device belongs there no more. */
export const removeIdentity = (disk: Disk): Promise<void> => disk.remove(FILE);

type StoredIdentity = Omit<Identity, "keyring" | "mqtt"> & { readonly keyring: string; readonly mqtt: OneOrMore };

/** Identities and control planes of the first days know one address only. */
export type OneOrMore = string | readonly string[];
export const addressesFrom = (mqtt: OneOrMore): readonly string[] => (typeof mqtt === "string" ? [mqtt] : mqtt);

/** Gives back an identity whose parts fit each other; throws BadIdentity saying which does not. */
export function checkIdentity(identity: Identity): Identity {
  const { device, name, trustDomain, server, mqtt, chain, keyring } = identity;
  if (!isDeviceId(device)) throw new BadIdentity("names no device");
  for (const [field, text] of Object.entries({ name, trustDomain }))
    if (typeof text !== "string" || text === "") throw new BadIdentity(`has no ${field}`);
  if (!URL.canParse(server) || new URL(server).protocol !== "https:")
    throw new BadIdentity("has no https:// address as server");
  if (!Array.isArray(mqtt) || mqtt.length === 0 || !mqtt.every(isBrokerAddress))
    throw new BadIdentity("has no mqtts:// address as mqtt");
  if (keyring.keys.length === 0) throw new BadIdentity("has a keyring without keys");
  const key = readable("key", () => createPrivateKey(identity.key));
  readable("messageKey", () => createPrivateKey(identity.messageKey));
  const certificate = readable("certificate", () => new X509Certificate(identity.certificate));
  if (!certificate.checkPrivateKey(key)) throw new BadIdentity("has a certificate that is not for its key");
  if (!certificate.subject.split("\n").includes(`CN=${device}`))
    throw new BadIdentity(`has a certificate that is not for the device ${device}`);
  const root = readable("rootCertificate", () => new X509Certificate(identity.rootCertificate));
  let issued = certificate;
  for (const issuer of [...chain.map((pem) => readable("chain", () => new X509Certificate(pem))), root]) {
    if (issuer.raw.equals(issued.raw)) continue;
    if (!issued.verify(issuer.publicKey)) throw new BadIdentity("has certificates of which one did not issue the next");
    issued = issuer;
  }
  if (!issued.raw.equals(root.raw)) throw new BadIdentity("has a chain that does not end with its root");
  return identity;
}

function readable<T>(field: string, read: () => T): T {
  try {
    return read();
  } catch (cause) {
    throw new BadIdentity(`has no readable ${field}`, { cause });
  }
}

/** What the device signs its own words with. */
export function messageKeyOf({ messageKey }: Pick<Identity, "messageKey">): SigningKey {
  const privateKey = createPrivateKey(messageKey);
  return { keyId: keyIdOf(privateKey), privateKey };
}

/**
 * What secrets for this device are sealed for: an X25519 key that is drawn from the message key, so that a device of the first
 * days has one and nothing more lies on the disk. The derivation (RFC 5869) keeps the two uses apart.
 */
export function sealingKeyOf({ messageKey }: Pick<Identity, "messageKey">): KeyObject {
  const { d = "" } = createPrivateKey(messageKey).export({ format: "jwk" });
  const bytes = hkdfSync("sha256", Buffer.from(d, "base64url"), "", "edgemere.sealing-key.v1", 32);
  return sealingKeyFromBytes(new Uint8Array(bytes));
}

/** Reads a keyring from base64. */
export const keyringFrom = (text: string): Keyring => decode(v1.Keyring, Buffer.from(text, "base64"));
