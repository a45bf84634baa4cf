import {
  createPrivateKey,
  createPublicKey,
  generateKeyPairSync,
  sign,
  X509Certificate,
  type KeyObject,
} from "node:crypto";

/** A key and a certificate with the chain behind it, PEM. */
export interface Shown {
  readonly key: string;
  readonly cert: string;
}

interface Issuer {
  readonly key: KeyObject;
  /** Its name as it stands in its certificate. */
  readonly name: Buffer;
  /** PEM. */
  readonly chain: string;
}

interface Wanted {
  /** Common names, in this order. */
  readonly names: readonly string[];
  /** Hex. */
  readonly serial: string;
  readonly from?: Date;
  readonly to?: Date;
  /** The object identifier of what the key is for. */
  readonly purpose?: string;
}

export const CLIENT = "1.3.6.1.5.5.7.3.2";
export const SERVER = "1.3.6.1.5.5.7.3.1";
const DAY = 86_400_000;

// Tags of the Distinguished Encoding Rules (X.690).
const [INTEGER, BIT_STRING, OCTET_STRING, OID, UTF8, UTC_TIME, SEQUENCE, SET] = [
  2, 3, 4, 6, 12, 23, 0x30, 0x31,
] as const;

function der(tag: number, ...parts: readonly Uint8Array[]): Buffer {
  const content = Buffer.concat(parts);
  if (content.length < 128) return Buffer.concat([Buffer.of(tag, content.length), content]);
  const length = Buffer.from(content.length.toString(16).padStart(content.length < 256 ? 2 : 4, "0"), "hex");
  return Buffer.concat([Buffer.of(tag, 128 + length.length), length, content]);
}

function oid(dotted: string): Buffer {
  const [first = 0, second = 0, ...rest] = dotted.split(".").map(Number);
  const sevens = (value: number): number[] =>
    value < 128 ? [value] : [...sevens(value >> 7).map((each) => each | 128), value & 127];
  return der(OID, Buffer.from([first * 40 + second, ...rest.flatMap(sevens)]));
}

/** The parts of a SEQUENCE, each with its tag. */
function partsOf(sequence: Buffer): readonly Buffer[] {
  const parts: Buffer[] = [];
  for (let at = contentAt(sequence, 0); at < sequence.length;) {
    const next = contentAt(sequence, at) + lengthAt(sequence, at);
    parts.push(sequence.subarray(at, next));
    at = next;
  }
  return parts;
}
const lengthAt = (bytes: Buffer, at: number): number => {
  const first = bytes[at + 1]!;
  return first < 128 ? first : bytes.readUIntBE(at + 2, first - 128);
};
const contentAt = (bytes: Buffer, at: number): number => at + 2 + (bytes[at + 1]! < 128 ? 0 : bytes[at + 1]! - 128);

/** Of a key and its certificate in one text: an authority that is really ours, in a test's own folder. */
export function issuerIn(pem: string): Issuer {
  const certificate = new X509Certificate(pem.slice(pem.indexOf("-----BEGIN CERTIFICATE-----")));
  const [signed = Buffer.alloc(0)] = partsOf(certificate.raw);
  return { key: createPrivateKey(pem), name: partsOf(signed)[5]!, chain: certificate.toString() };
}

/** Somebody else's, of the same name. */
export const strangerLike = ({ name, chain }: Issuer): Issuer => ({ key: newKey().privateKey, name, chain });

const newKey = () => generateKeyPairSync("ec", { namedCurve: "P-256" });
const utcTime = (at: Date): Buffer =>
  der(UTC_TIME, Buffer.from(`${at.toISOString().replaceAll(/[-:T]/g, "").slice(2, 14)}Z`));
const SIGNED_WITH = der(SEQUENCE, oid("1.2.840.10045.4.3.2"));

/** A certificate as nobody of ours would make it, well signed by the issuer (RFC 5280, 4.1). */
export function forged(issuer: Issuer, { names, serial, purpose = CLIENT, ...times }: Wanted): Shown {
  const { privateKey } = newKey();
  const { from = new Date(Date.now() - DAY), to = new Date(Date.now() + DAY) } = times;
  const subject = names.map((name) => der(SET, der(SEQUENCE, oid("2.5.4.3"), der(UTF8, Buffer.from(name)))));
  const use = der(OCTET_STRING, der(SEQUENCE, oid(purpose)));
  const signed = der(
    SEQUENCE,
    der(0xa0, der(INTEGER, Buffer.of(2))),
    der(INTEGER, Buffer.from(serial, "hex")),
    SIGNED_WITH,
    issuer.name,
    der(SEQUENCE, utcTime(from), utcTime(to)),
    der(SEQUENCE, ...subject),
    createPublicKey(privateKey).export({ format: "der", type: "spki" }),
    der(0xa3, der(SEQUENCE, der(SEQUENCE, oid("2.5.29.37"), use))),
  );
  const signature = der(BIT_STRING, Buffer.of(0), sign("sha256", signed, issuer.key));
  const certificate = new X509Certificate(der(SEQUENCE, signed, SIGNED_WITH, signature)).toString();
  return {
    key: privateKey.export({ format: "pem", type: "pkcs8" }).toString(),
    cert: `${certificate}${issuer.chain}`,
  };
}
