import { createHash, X509Certificate } from "node:crypto";
import { SERVER_NAME, type SigningKey } from "@edgemere/protocol";
import type { Random } from "@edgemere/protocol/kit";
import { openKeyring, type KeyringAuthority } from "./authority-keyring.ts";
import { found, FOLDER, kept, keptBytes, keptSigningKey, keptWhileGood, type Tools } from "./authority-files.ts";
import {
  certifyDevice,
  factsOf,
  makeClient,
  makeIssuer,
  makeRoot,
  makeServer,
  provedPublicKey,
  type CertificateFacts,
  type CertifiedKey,
} from "./certificates.ts";
import { currentTicketKeys } from "./ticket-keys.ts";

const ROOT_DAYS = 20 * 365;
const ISSUER_DAYS = 10 * 365;
const SERVER_DAYS = 397;
const DEVICE_DAYS = 180;
/** What the control plane is called at somebody else's broker. No device has this name: theirs are made here. */
const CLIENT_NAME = "control-plane";
const SERIAL_BYTES = 16;

/** What a TLS listener shows: the key, and the chain up to and with the root, so that an agent can check its pin. */
export interface ServerIdentity {
  readonly key: string;
  readonly certificate: string;
  /** Session tickets outlive a restart: a fleet that comes back does not repeat every handshake. */
  readonly ticketKeys: Buffer;
  /** The same, or fresh ones when those are old. */
  readonly currentTicketKeys: () => Promise<Buffer>;
}

/** What a client shows, PEM: the key, and the chain up to and with the root. */
interface ClientIdentity {
  readonly key: string;
  readonly certificate: string;
}

/** A control plane's own certificate authority and command keys, kept in files of mode 0600. */
export interface CertificateAuthority {
  readonly trustDomain: string;
  readonly pin: string;
  /** The keys that sign for devices. */
  readonly keys: KeyringAuthority;
  /** Signs heads of the audit log, and nothing else. */
  readonly auditKey: SigningKey;
  readonly server: ServerIdentity;
  /** Who the control plane is where it is a client itself: at somebody else's broker. */
  client(): Promise<ClientIdentity>;
  /** PEM certificates that a device's certificate must lead to. */
  readonly deviceRoots: readonly string[];
  /** PEM. */
  readonly root: string;
  publicKeyOf(certificateRequest: string): Promise<{ readonly hash: string }>;
  issue(
    certificateRequest: string,
    device: string,
  ): Promise<CertificateFacts & { readonly certificate: string; readonly chain: readonly string[] }>;
}

/** Names and addresses under which a listener is reached. */
interface ListenerNames {
  readonly hostNames: readonly string[];
  readonly addresses: readonly string[];
}

type Parts = Tools & ListenerNames;

/**
 * Opens the authority, or makes it on the first start. A part that got lost is made anew, but never the root: a new one
 * would lock out every device.
 */
export async function openAuthority(parts: Parts): Promise<CertificateAuthority> {
  const { disk, clock, random } = parts;
  const serial = () => random.bytes(SERIAL_BYTES);
  const valid = (days: number) => ({ from: clock.now(), days });

  const existing = await disk.list(FOLDER);
  if (existing.length > 0 && !existing.includes("root.pem")) {
    throw new Error(
      `${FOLDER}/root.pem is missing beside ${existing.join(", ")}: restore it from a backup, or every device must enrol anew`,
    );
  }
  const root = await kept(disk, "root.pem", () => makeRoot("Edgemere root", serial(), valid(ROOT_DAYS)));
  const issuer = (purpose: "device" | "server") =>
    kept(disk, `${purpose}-issuer.pem`, () =>
      makeIssuer({ name: `Edgemere ${purpose} issuer`, purpose }, root, serial(), valid(ISSUER_DAYS)),
    );
  const deviceIssuer = await issuer("device");
  const serverIssuer = await issuer("server");
  const server = await openServer(parts, serverIssuer);
  const trustDomain = Buffer.from(
    await keptBytes(disk, "trust-domain", () => Buffer.from(randomName(random))),
  ).toString();
  const keys = await openKeyring(parts, trustDomain);
  const ticketKeys = () => currentTicketKeys(`${FOLDER}/ticket-keys`, parts);
  const chain = [deviceIssuer.certificate, root.certificate];

  return {
    trustDomain,
    pin: pinOf(root.certificate),
    keys,
    auditKey: await keptSigningKey("audit.pem", parts),
    server: {
      key: server.key,
      certificate: [server.certificate, serverIssuer.certificate, root.certificate].join("\n"),
      ticketKeys: await ticketKeys(),
      currentTicketKeys: ticketKeys,
    },
    client: async () => {
      const make = () => makeClient(CLIENT_NAME, deviceIssuer, serial(), valid(SERVER_DAYS));
      const { key, certificate } = await keptWhileGood(parts, "client.pem", make, () => true);
      return { key, certificate: [certificate, ...chain].join("\n") };
    },
    deviceRoots: [root.certificate, deviceIssuer.certificate],
    root: root.certificate,
    publicKeyOf: async (certificateRequest) => {
      const publicKey = await provedPublicKey(certificateRequest);
      return { hash: createHash("sha256").update(new Uint8Array(publicKey.rawData)).digest("base64url") };
    },
    issue: async (certificateRequest, device) => {
      const publicKey = await provedPublicKey(certificateRequest);
      const certificate = await certifyDevice(
        { device, trustDomain, publicKey },
        deviceIssuer,
        serial(),
        valid(DEVICE_DAYS),
      );
      return { certificate, chain, ...factsOf(certificate) };
    },
  };
}

/** SHA-256 of a certificate's public key (SPKI), base64url: what an enrolment token carries. */
export const pinOf = (certificate: string): string =>
  createHash("sha256")
    .update(new X509Certificate(certificate).publicKey.export({ format: "der", type: "spki" }))
    .digest("base64url");

/**
 * A key and a certificate for somebody else's broker, under this authority: devices take it for the control plane's. Throws NoSuchKey
 * when there is no authority: it never makes one.
 */
export async function certifyBroker({ disk, clock, random }: Tools, { hostNames, addresses }: ListenerNames) {
  // One after the other: where both are missing it is always the root that is named.
  const root = await found(disk, "root.pem");
  const issuer = await found(disk, "server-issuer.pem");
  const names = { hostNames: [SERVER_NAME, ...hostNames], addresses };
  const valid = { from: clock.now(), days: SERVER_DAYS };
  const { key, certificate } = await makeServer(names, issuer, random.bytes(SERIAL_BYTES), valid);
  return {
    key,
    certificate: [certificate, issuer.certificate, root.certificate].join("\n"),
    root: root.certificate,
    notAfter: factsOf(certificate).notAfter,
  };
}

/** The listener's certificate: made anew when it ends soon or does not name this machine as it is now reached. */
function openServer(parts: Parts, issuer: CertifiedKey): Promise<CertifiedKey> {
  const { clock, random, addresses } = parts;
  const names = { hostNames: [SERVER_NAME, ...parts.hostNames], addresses };
  const make = () => makeServer(names, issuer, random.bytes(SERIAL_BYTES), { from: clock.now(), days: SERVER_DAYS });
  return keptWhileGood(
    parts,
    "server.pem",
    make,
    (certificate) =>
      names.hostNames.every((name) => certificate.checkHost(name) !== undefined) &&
      addresses.every((address) => certificate.checkIP(address) !== undefined),
  );
}

const randomName = (random: Random) => `edgemere-${Buffer.from(random.bytes(8)).toString("hex")}`;
