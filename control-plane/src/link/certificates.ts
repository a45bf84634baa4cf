// @peculiar/x509 finds its parts through reflect-metadata, which must be there first.
import "reflect-metadata";
import { webcrypto } from "node:crypto";
import * as x509 from "@peculiar/x509";
import { DAY, MINUTE } from "@edgemere/protocol/kit";
import { Problem } from "../platform/problem.ts";

const ALGORITHM = { name: "ECDSA", namedCurve: "P-256", hash: "SHA-256" } as const;
// A device's clock may be a little behind ours.
const BACKDATED = 5 * MINUTE;
const CLIENT_AUTH = "1.3.6.1.5.5.7.3.2";
const SERVER_AUTH = "1.3.6.1.5.5.7.3.1";

/** A private key and the certificate of its public half. */
export interface CertifiedKey {
  /** PKCS#8, PEM. */
  readonly key: string;
  /** PEM. */
  readonly certificate: string;
}

interface Validity {
  readonly from: number;
  readonly days: number;
}

/** A certificate's holder, issuer and serial number as they are checked; all from the certificate itself. */
export interface CertificateFacts {
  /** Hex, lower case, without leading zeros. */
  readonly serial: string;
  readonly notAfter: number;
}

/** A root: signs issuers only. */
export async function makeRoot(name: string, serial: Uint8Array, { from, days }: Validity): Promise<CertifiedKey> {
  const keys = await makeKeys();
  const certificate = await x509.X509CertificateGenerator.createSelfSigned({
    name: distinguished(name),
    serialNumber: hex(serial),
    ...validity(from, days),
    keys,
    signingAlgorithm: ALGORITHM,
    extensions: [
      new x509.BasicConstraintsExtension(true, 1, true),
      new x509.KeyUsagesExtension(x509.KeyUsageFlags.keyCertSign | x509.KeyUsageFlags.cRLSign, true),
      await x509.SubjectKeyIdentifierExtension.create(keys.publicKey),
    ],
  });
  return certified(keys.privateKey, certificate);
}

/** An issuer below the root: signs devices or servers, nothing else. */
export async function makeIssuer(
  { name, purpose }: { name: string; purpose: "device" | "server" },
  root: CertifiedKey,
  serial: Uint8Array,
  valid: Validity,
): Promise<CertifiedKey> {
  const keys = await makeKeys();
  const certificate = await sign(root, keys.publicKey, name, serial, valid, [
    new x509.BasicConstraintsExtension(true, 0, true),
    new x509.KeyUsagesExtension(x509.KeyUsageFlags.keyCertSign | x509.KeyUsageFlags.cRLSign, true),
    new x509.ExtendedKeyUsageExtension([purpose === "device" ? CLIENT_AUTH : SERVER_AUTH]),
  ]);
  return certified(keys.privateKey, certificate);
}

/** A server's key and certificate for the given host names and addresses. */
export async function makeServer(
  { hostNames, addresses }: { hostNames: readonly string[]; addresses: readonly string[] },
  issuer: CertifiedKey,
  serial: Uint8Array,
  valid: Validity,
): Promise<CertifiedKey> {
  const keys = await makeKeys();
  const names = [
    ...hostNames.map((value) => ({ type: "dns" as const, value })),
    ...addresses.map((value) => ({ type: "ip" as const, value })),
  ];
  const certificate = await sign(issuer, keys.publicKey, hostNames[0] ?? "server", serial, valid, [
    new x509.BasicConstraintsExtension(false, undefined, true),
    new x509.KeyUsagesExtension(x509.KeyUsageFlags.digitalSignature, true),
    new x509.ExtendedKeyUsageExtension([SERVER_AUTH]),
    new x509.SubjectAlternativeNameExtension(names),
  ]);
  return certified(keys.privateKey, certificate);
}

/** A client's key and certificate: brokers and servers know it by its name. */
export async function makeClient(
  name: string,
  issuer: CertifiedKey,
  serial: Uint8Array,
  valid: Validity,
): Promise<CertifiedKey> {
  const keys = await makeKeys();
  const certificate = await sign(issuer, keys.publicKey, name, serial, valid, [
    new x509.BasicConstraintsExtension(false, undefined, true),
    new x509.KeyUsagesExtension(x509.KeyUsageFlags.digitalSignature, true),
    new x509.ExtendedKeyUsageExtension([CLIENT_AUTH]),
  ]);
  return certified(keys.privateKey, certificate);
}

/** Reads a PKCS#10 request and checks that its sender holds the private key. Throws Problem invalid-input. */
export async function provedPublicKey(certificateRequest: string): Promise<x509.PublicKey> {
  try {
    const request = new x509.Pkcs10CertificateRequest(certificateRequest);
    const { name, namedCurve } = request.publicKey.algorithm as { readonly name: string; readonly namedCurve?: string };
    if (name !== ALGORITHM.name || namedCurve !== ALGORITHM.namedCurve) throw new Error("its key is no P-256 key");
    if (!(await request.verify())) throw new Error("its signature does not fit its key");
    return request.publicKey;
  } catch (cause) {
    const why = cause instanceof Error && cause.message.startsWith("its ") ? cause.message : "it cannot be read";
    throw new Problem("invalid-input", `"certificateRequest" is no usable PKCS#10 request: ${why}`, { cause });
  }
}

/** A device's certificate: of its request only the public key is used. */
export async function certifyDevice(
  { device, trustDomain, publicKey }: { device: string; trustDomain: string; publicKey: x509.PublicKey },
  issuer: CertifiedKey,
  serial: Uint8Array,
  valid: Validity,
): Promise<string> {
  const uri = `edgemere://${trustDomain}/device/${device}`;
  const certificate = await sign(issuer, publicKey, device, serial, valid, [
    new x509.BasicConstraintsExtension(false, undefined, true),
    new x509.KeyUsagesExtension(x509.KeyUsageFlags.digitalSignature, true),
    new x509.ExtendedKeyUsageExtension([CLIENT_AUTH]),
    new x509.SubjectAlternativeNameExtension([{ type: "url", value: uri }]),
  ]);
  return certificate.toString("pem");
}

export function factsOf(certificate: string): CertificateFacts {
  const { serialNumber, notAfter } = new x509.X509Certificate(certificate);
  return { serial: serialOf(serialNumber), notAfter: notAfter.getTime() };
}

/** One spelling of a serial number: TLS and certificates write it with and without leading zeros, in either case. */
export const serialOf = (text: string): string => text.toLowerCase().replace(/^0+(?=.)/, "");

async function sign(
  issuer: CertifiedKey,
  publicKey: x509.PublicKeyType,
  name: string,
  serial: Uint8Array,
  { from, days }: Validity,
  extensions: readonly x509.Extension[],
): Promise<x509.X509Certificate> {
  const issuing = new x509.X509Certificate(issuer.certificate);
  return x509.X509CertificateGenerator.create({
    subject: distinguished(name),
    issuer: issuing.subject,
    // oxlint-disable-next-line typescript/no-unsafe-assignment -- its type names the browser's CryptoKey, which is not known here
    publicKey,
    signingKey: await importKey(issuer.key),
    signingAlgorithm: ALGORITHM,
    serialNumber: hex(serial),
    ...validity(from, days),
    extensions: [
      ...extensions,
      await x509.SubjectKeyIdentifierExtension.create(publicKey),
      await x509.AuthorityKeyIdentifierExtension.create(issuing),
    ],
  });
}

const makeKeys = () => webcrypto.subtle.generateKey(ALGORITHM, true, ["sign", "verify"]);

const importKey = (pem: string) =>
  webcrypto.subtle.importKey("pkcs8", x509.PemConverter.decodeFirst(pem), ALGORITHM, false, ["sign"]);

const certified = async (
  privateKey: webcrypto.CryptoKey,
  certificate: x509.X509Certificate,
): Promise<CertifiedKey> => ({
  key: x509.PemConverter.encode(await webcrypto.subtle.exportKey("pkcs8", privateKey), x509.PemConverter.PrivateKeyTag),
  certificate: certificate.toString("pem"),
});

const distinguished = (name: string): x509.JsonName => [{ CN: [name] }];

// The first bit stays 0: a serial number is a positive integer (RFC 5280, 4.1.2.2); and the first digit is not, so that it has one spelling.
const hex = (serial: Uint8Array) =>
  Buffer.from([0x40 | ((serial[0] ?? 0) & 0x3f), ...serial.subarray(1)]).toString("hex");

const validity = (from: number, days: number) => ({
  notBefore: instant(from - BACKDATED),
  notAfter: instant(from + days * DAY),
});

// oxlint-disable-next-line no-restricted-globals -- a given instant in the library's type; no clock is read
const instant = (ms: number) => new Date(ms);
