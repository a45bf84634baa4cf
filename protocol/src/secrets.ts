import type { KeyObject } from "node:crypto";
import { decode } from "./codec.ts";
import { openBox, sealBox, type BoxContext } from "./hpke.ts";
import { v1 } from "./messages.ts";

/** The one command that secrets are for: whoever carries them to another finds that they do not open. */
export interface SecretsOwner {
  readonly trustDomain: string;
  readonly device: string;
  readonly command: string;
}

/** Seals named secrets for a device, by its raw X25519 key. Throws ProtocolError when that is no key. */
export const sealSecrets = (
  values: Readonly<Record<string, string>>,
  receiver: Uint8Array,
  owner: SecretsOwner,
): v1.SealedBox.$Shape => sealBox(receiver, v1.Secrets.encode({ values: { ...values } }).finish(), contextOf(owner));

/** What was sealed for this device and this command, by name. Throws ProtocolError. */
export function openSecrets(
  box: v1.SealedBox.$Shape,
  receiver: KeyObject,
  owner: SecretsOwner,
): Readonly<Record<string, string>> {
  return decode(v1.Secrets, openBox(receiver, box, contextOf(owner))).values;
}

// No part of an id or a trust domain holds a line feed, so that none can be taken for another.
const contextOf = ({ trustDomain, device, command }: SecretsOwner): BoxContext => ({
  info: Buffer.from("edgemere.secrets.v1"),
  associated: Buffer.from([trustDomain, device, command].join("\n")),
});
