import { createHash, createPublicKey, generateKeyPairSync, sign, type KeyObject } from "node:crypto";
import { BIT_STRING, CONTEXT_0, der, INTEGER, OBJECT_IDENTIFIER, pem, SEQUENCE, SET, UTF8_STRING } from "./der.ts";

const [BOOLEAN, OCTET_STRING, GENERALIZED_TIME, DNS_NAME, CONTEXT_3] = [0x01, 0x04, 0x18, 0x82, 0xa3] as const;
const TRUE = der(BOOLEAN, Buffer.of(255));
const identifier = (hex: string) => der(OBJECT_IDENTIFIER, Buffer.from(hex, "hex"));
const nameOf = (commonName: string) =>
  der(SEQUENCE, der(SET, der(SEQUENCE, identifier("550403"), der(UTF8_STRING, Buffer.from(commonName)))));
const ECDSA_WITH_SHA256 = der(SEQUENCE, identifier("2a8648ce3d040302"));
const spki = (key: KeyObject) => key.export({ format: "der", type: "spki" });

interface Issuer {
  readonly name: string;
  readonly key: KeyObject;
}

export interface Wish {
  readonly name: string;
  /** DER. */
  readonly publicKey: Uint8Array;
  readonly dnsName?: string;
  readonly isAuthority?: boolean;
  /** Years: the first and the last whole one in which it is valid. */
  readonly years?: readonly [first: number, last: number];
  /** For clients only. */
  readonly isForClients?: boolean;
}

/** A certificate, PEM, that holds for this century unless told otherwise. */
function certify(wish: Wish, issuer: Issuer): string {
  const extension = (oid: string, ...content: readonly Uint8Array[]) => der(SEQUENCE, identifier(oid), ...content);
  const [first, last] = wish.years ?? [2020, 2099];
  const extensions = [
    ...(wish.isForClients
      ? [extension("551d25", der(OCTET_STRING, der(SEQUENCE, identifier("2b06010505070302"))))]
      : []),
    ...(wish.isAuthority ? [extension("551d13", TRUE, der(OCTET_STRING, der(SEQUENCE, TRUE)))] : []),
    ...(wish.dnsName
      ? [extension("551d11", der(OCTET_STRING, der(SEQUENCE, der(DNS_NAME, Buffer.from(wish.dnsName)))))]
      : []),
  ];
  const facts = der(
    SEQUENCE,
    der(CONTEXT_0, der(INTEGER, Buffer.of(2))),
    der(INTEGER, Buffer.of(1, wish.name.length)),
    ECDSA_WITH_SHA256,
    nameOf(issuer.name),
    der(
      SEQUENCE,
      der(GENERALIZED_TIME, Buffer.from(`${first}0101000000Z`)),
      der(GENERALIZED_TIME, Buffer.from(`${last}1231235959Z`)),
    ),
    nameOf(wish.name),
    wish.publicKey,
    ...(extensions.length > 0 ? [der(CONTEXT_3, der(SEQUENCE, ...extensions))] : []),
  );
  const signature = der(BIT_STRING, Buffer.of(0), sign("sha256", facts, issuer.key));
  return pem("CERTIFICATE", der(SEQUENCE, facts, ECDSA_WITH_SHA256, signature));
}

/** How a test's server is certified. */
export interface ServerWish extends Partial<Pick<Wish, "dnsName" | "years" | "isForClients">> {
  /** By an issuer below the root that may certify this only. */
  readonly issuer?: Pick<Wish, "years" | "isForClients" | "isAuthority">;
}

/** An authority with a root, and a server that it has certified. */
export function anAuthority({ dnsName = "control-plane.edgemere", issuer: between, ...more }: ServerWish = {}) {
  const keys = () => generateKeyPairSync("ec", { namedCurve: "P-256" });
  const [own, server] = [keys(), keys()];
  const issuer = { name: "test root", key: own.privateKey };
  const root = certify({ name: issuer.name, publicKey: spki(own.publicKey), isAuthority: true }, issuer);
  const wish = { name: "server", publicKey: spki(server.publicKey), dnsName, ...more };
  const shown = between === undefined ? `${certify(wish, issuer)}${root}` : throughIssuer(wish, between);
  return {
    root,
    pin: createHash("sha256").update(spki(own.publicKey)).digest("base64url"),
    /** What a TLS server shows. */
    server: { key: server.privateKey.export({ format: "pem", type: "pkcs8" }).toString(), cert: shown },
    certify: (asked: Wish) => certify(asked, issuer),
  };

  function throughIssuer(leaf: Wish, above: NonNullable<ServerWish["issuer"]>): string {
    const middle = keys();
    const certificate = certify(
      { name: "test issuer", publicKey: spki(middle.publicKey), isAuthority: true, ...above },
      issuer,
    );
    return `${certify(leaf, { name: "test issuer", key: middle.privateKey })}${certificate}${root}`;
  }
}

/** The elements that a constructed DER element holds. */
export function elementsOf(element: Uint8Array): readonly Buffer[] {
  const bytes = Buffer.from(element);
  const found: Buffer[] = [];
  for (let at = contentOf(bytes).start; at < bytes.length; at += found.at(-1)?.length ?? 0) {
    const { start, length } = contentOf(bytes.subarray(at));
    found.push(bytes.subarray(at, at + start + length));
  }
  return found;
}

export const contentOf = (bytes: Uint8Array): { readonly start: number; readonly length: number } => {
  const first = bytes[1] ?? 0;
  const digits = first < 128 ? 0 : first - 128;
  const length = digits === 0 ? first : Buffer.from(bytes).readUIntBE(2, digits);
  return { start: 2 + digits, length };
};

/** The public key, DER, of a certificate request. */
export function publicKeyOf(request: string): Buffer {
  const bytes = Buffer.from(request.replaceAll(/-----[^-]+-----|\s/g, ""), "base64");
  const [facts = Buffer.of()] = elementsOf(bytes);
  return createPublicKey({ key: elementsOf(facts)[2] ?? Buffer.of(), format: "der", type: "spki" }).export({
    format: "der",
    type: "spki",
  });
}
