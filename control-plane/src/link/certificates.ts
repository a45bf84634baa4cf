// @peculiar/x509 finds its parts through reflect-metadata, which must be there first.
import "reflect-metadata";
import { webcrypto } from "node:crypto";
import * as x509 from "@peculiar/x509";
import { CERTIFICATE_BACKDATED, REQUEST_NAME } from "@edgemere/protocol";
import { Problem } from "../platform/problem.ts";
import { serialOf } from "../platform/serial-number.ts";

const ALGORITHM = { name: "ECDSA", namedCurve: "P-256", hash: "SHA-256" } as const;
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
  /** Milliseconds. */
  readonly lasts: number;
}

/** A certificate's holder, issuer and serial number as they are checked; all from the certificate itself. */
export interface CertificateFacts {
  /** Hex, lower case, without leading zeros. */
  readonly serial: string;
  readonly notBefore: number;
  readonly notAfter: number;
}

/** A root: signs issuers only. */
export async function makeRoot(name: string, serial: Uint8Array, { from, lasts }: Validity): Promise<CertifiedKey> {
  const keys = await makeKeys();
  const certificate = await x509.X509CertificateGenerator.createSelfSigned({
    name: distinguished(name),
    serialNumber: hex(serial),
    ...validity(from, lasts),
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

/** The key of a request, and what the request wants besides: nothing of that is granted. */
interface ProvedRequest {
  readonly publicKey: x509.PublicKey;
  /** In words, for an operator; empty when it asks for no more than it should. */
  readonly wishes: readonly string[];
}

/** Reads a PKCS#10 request and checks that its sender holds the private key. Throws Problem invalid-input. */
export async function provedRequest(certificateRequest: string): Promise<ProvedRequest> {
  try {
    const request = new x509.Pkcs10CertificateRequest(certificateRequest);
    const { name, namedCurve } = request.publicKey.algorithm as { readonly name: string; readonly namedCurve?: string };
    if (name !== ALGORITHM.name || namedCurve !== ALGORITHM.namedCurve) throw new Error("its key is no P-256 key");
    if (!(await request.verify())) throw new Error("its signature does not fit its key");
    return { publicKey: request.publicKey, wishes: wishesIn(request) };
  } catch (cause) {
    const why = cause instanceof Error && cause.message.startsWith("its ") ? cause.message : "it cannot be read";
    throw new Problem("invalid-input", `"certificateRequest" is no usable PKCS#10 request: ${why}`, { cause });
  }
}

const LONGEST_NAME = 128;

function wishesIn({ subject, extensions }: x509.Pkcs10CertificateRequest): readonly string[] {
  const wishes = extensions.map((each) => {
    if (each instanceof x509.BasicConstraintsExtension && each.ca) return "to be an authority";
    if (each instanceof x509.SubjectAlternativeNameExtension) return "other names";
    return `the extension ${each.type}`;
  });
  return subject === `CN=${REQUEST_NAME}` ? wishes : [`the name "${subject.slice(0, LONGEST_NAME)}"`, ...wishes];
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
  const { serialNumber, notBefore, notAfter } = new x509.X509Certificate(certificate);
  return { serial: serialOf(serialNumber), notBefore: notBefore.getTime(), notAfter: notAfter.getTime() };
}

async function sign(
  issuer: CertifiedKey,
  publicKey: x509.PublicKeyType,
  name: string,
  serial: Uint8Array,
  { from, lasts }: Validity,
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
    ...validity(from, lasts),
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

const validity = (from: number, lasts: number) => ({
  notBefore: instant(from - CERTIFICATE_BACKDATED),
  notAfter: instant(from + lasts),
});

// oxlint-disable-next-line no-restricted-globals -- a given instant in the library's type; no clock is read
const instant = (ms: number) => new Date(ms);
