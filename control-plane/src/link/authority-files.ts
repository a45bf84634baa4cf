import { createPrivateKey, X509Certificate, type KeyObject } from "node:crypto";
import { keyIdOf, privateKeyFromSeed, type SigningKey } from "@edgemere/protocol";
import { DAY, type Clock, type Disk, type Random } from "@edgemere/protocol/kit";
import { factsOf, type CertifiedKey } from "./certificates.ts";

/** Where the authority keeps its keys. */
export const FOLDER = "authority";
/** One of our own certificates with less than this left is made anew: so long both the old one and the new one hold. */
const RENEWED_BEFORE = 60 * DAY;

export interface Tools {
  readonly disk: Disk;
  readonly clock: Clock;
  readonly random: Random;
}

/** A key was not where it was looked for, and nobody may make a new one there. */
export class NoSuchKey extends Error {
  constructor(path: string) {
    super(`there is no ${path}`);
    this.name = "NoSuchKey";
  }
}

/** As it is kept, or made anew when it ends soon, is of the time of a clock that was wrong, or does not fit any more. */
export async function keptWhileGood(
  { disk, clock }: Tools,
  name: string,
  make: () => Promise<CertifiedKey>,
  fits: (certificate: X509Certificate) => boolean,
): Promise<CertifiedKey> {
  const { certificate, key } = await kept(disk, name, make);
  const { notBefore, notAfter } = factsOf(certificate);
  const lasts = notBefore <= clock.now() && notAfter - clock.now() > RENEWED_BEFORE;
  if (lasts && fits(new X509Certificate(certificate))) return { key, certificate };
  const bytes = await bytesOf(make);
  await disk.write(`${FOLDER}/${name}`, bytes);
  return certifiedKeyIn(name, bytes);
}

/** Key and certificate lie in one file, so that there is never one without the other. */
export async function kept(disk: Disk, name: string, make: () => Promise<CertifiedKey>): Promise<CertifiedKey> {
  return certifiedKeyIn(name, await keptBytes(disk, name, () => bytesOf(make)));
}

async function bytesOf(make: () => Promise<CertifiedKey>): Promise<Uint8Array> {
  const { key, certificate } = await make();
  return Buffer.from(`${key.trim()}\n${certificate.trim()}\n`);
}

/** As it is kept. Throws NoSuchKey when it is not there. */
export async function found(disk: Disk, name: string): Promise<CertifiedKey> {
  const bytes = await disk.read(`${FOLDER}/${name}`);
  if (bytes === undefined) throw new NoSuchKey(`${FOLDER}/${name}`);
  return certifiedKeyIn(name, bytes);
}

function certifiedKeyIn(name: string, bytes: Uint8Array): CertifiedKey {
  const text = Buffer.from(bytes).toString();
  const at = text.indexOf("-----BEGIN CERTIFICATE-----");
  if (at <= 0) throw new Error(`${FOLDER}/${name} does not hold a key and a certificate: restore it from a backup`);
  return { key: text.slice(0, at), certificate: text.slice(at) };
}

export async function keptBytes(
  disk: Disk,
  name: string,
  make: () => Promise<Uint8Array> | Uint8Array,
): Promise<Uint8Array> {
  const path = `${FOLDER}/${name}`;
  const found = await disk.read(path);
  if (found !== undefined) return found;
  const fresh = await make();
  await disk.write(path, fresh);
  return fresh;
}

/** An Ed25519 key as it is kept, or a new one. */
export async function keptSigningKey(
  name: string,
  { disk, random }: Pick<Tools, "disk" | "random">,
): Promise<SigningKey> {
  const pem = await keptBytes(disk, name, () => pemOf(privateKeyFromSeed(random.bytes(32))));
  const privateKey = createPrivateKey(Buffer.from(pem));
  return { keyId: keyIdOf(privateKey), privateKey };
}

/** PKCS#8. */
export const pemOf = (key: KeyObject): Uint8Array => Buffer.from(key.export({ format: "pem", type: "pkcs8" }));
