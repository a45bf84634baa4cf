import { createHash, X509Certificate } from "node:crypto";
import { SERVER_NAME, type SigningKey } from "@edgemere/protocol";
import { DAY, type Random } from "@edgemere/protocol/kit";
import { openKeyring, type KeyringAuthority } from "./authority-keyring.ts";
import { found, FOLDER, kept, keptBytes, keptSigningKey, keptWhileGood, type Tools } from "./authority-files.ts";
import {
  certifyDevice,
  factsOf,
  makeClient,
  makeIssuer,
  makeRoot,
  makeServer,
  provedRequest,
  type CertificateFacts,
  type CertifiedKey,
} from "./certificates.ts";
import { sealingWith, type Sealing } from "../platform/sealing.ts";
import { openJoinStates, type JoinStates } from "./join-state.ts";
import { currentTicketKeys } from "./ticket-keys.ts";

const YEAR = 365 * DAY;
const ROOT_LIFE = 10 * YEAR;
const ISSUER_LIFE = YEAR;
const SERVER_LIFE = 397 * DAY;
const DEVICE_LIFE = 14 * DAY;
/** What the control plane is called at somebody else's broker. No device has this name: theirs are made here. */
const CLIENT_NAME = "control-plane";
const SERIAL_BYTES = 16;
const SEALING_KEY_BYTES = 32;

/** What a TLS listener shows: the key, and the chain up to and with the root, so that an agent can check its pin. */
export interface ServerIdentity {
  readonly key: string;
  readonly certificate: string;
  /** Session tickets outlive a restart: a fleet that comes back does not repeat every handshake. */
  readonly ticketKeys: Buffer;
  /** The same, or with a fresh certificate or fresh ticket keys where those end soon. */
  readonly current: () => Promise<ServerIdentity>;
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
  /** What secrets in the store are sealed with, that have to be shown to others: it lies with the keys, and not beside them there. */
  readonly sealing: Sealing;
  readonly server: ServerIdentity;
  /** Who the control plane is where it is a client itself: at somebody else's broker. */
  client(): Promise<ClientIdentity>;
  /** PEM certificates that a device's certificate must lead to. */
  readonly deviceRoots: readonly string[];
  /** PEM. */
  readonly root: string;
  /** `wishes`: what the request asks for beside its key, in words; none is granted. */
  publicKeyOf(certificateRequest: string): Promise<{ readonly hash: string; readonly wishes: readonly string[] }>;
  issue(
    certificateRequest: string,
    device: string,
  ): Promise<CertificateFacts & { readonly certificate: string; readonly chain: readonly string[] }>;
  readonly joinStates: JoinStates;
}

/** Names and addresses under which a listener is reached. */
interface ListenerNames {
  readonly hostNames: readonly string[];
  readonly addresses: readonly string[];
}

interface Parts extends Tools, ListenerNames {
  /** For how long a device's certificate is made, milliseconds. Default: 14 days. */
  readonly deviceLife?: number;
}

/**
 * Opens the authority, or makes it on the first start. A part that got lost is made anew, but never the root: a new one
 * would lock out every device.
 */
export async function openAuthority(parts: Parts): Promise<CertificateAuthority> {
  const { disk, clock, random, deviceLife = DEVICE_LIFE } = parts;
  const serial = () => random.bytes(SERIAL_BYTES);
  const valid = (lasts: number) => ({ from: clock.now(), lasts });

  const existing = await disk.list(FOLDER);
  if (existing.length > 0 && !existing.includes("root.pem")) {
    throw new Error(
      `${FOLDER}/root.pem is missing beside ${existing.join(", ")}: restore it from a backup, or every device must enrol anew`,
    );
  }
  const root = await kept(disk, "root.pem", () => makeRoot("Edgemere root", serial(), valid(ROOT_LIFE)));
  // Looked at whenever one is needed, so that they roll over without a restart. What a former one certified brings its
  // certificate along, and is good until its own end.
  const issuer = (purpose: "device" | "server") => {
    const make = () =>
      makeIssuer({ name: `Edgemere ${purpose} issuer`, purpose }, root, serial(), within(root, ISSUER_LIFE, clock));
    const file = `${purpose}-issuer.pem`;
    // By a clock that is so far ahead everything has ended: what is made now would be good for nothing.
    if (clock.now() >= factsOf(root.certificate).notAfter) return kept(disk, file, make);
    return keptWhileGood(parts, file, make, () => true);
  };
  const server = async (): Promise<ServerIdentity> => {
    const serverIssuer = await issuer("server");
    const { key, certificate } = await openServer(parts, serverIssuer);
    return {
      key,
      certificate: [certificate, serverIssuer.certificate, root.certificate].join("\n"),
      ticketKeys: await currentTicketKeys(`${FOLDER}/ticket-keys`, parts),
      current: server,
    };
  };
  const deviceIssuer = await issuer("device");
  const trustDomain = Buffer.from(
    await keptBytes(disk, "trust-domain", () => Buffer.from(randomName(random))),
  ).toString();
  const keys = await openKeyring(parts, trustDomain);

  return {
    trustDomain,
    pin: pinOf(root.certificate),
    keys,
    auditKey: await keptSigningKey("audit.pem", parts),
    sealing: sealingWith(await keptBytes(disk, "sealing.key", () => random.bytes(SEALING_KEY_BYTES)), random),
    server: await server(),
    client: async () => {
      const issuing = await issuer("device");
      const make = () => makeClient(CLIENT_NAME, issuing, serial(), within(issuing, SERVER_LIFE, clock));
      const { key, certificate } = await keptWhileGood(parts, "client.pem", make, (each) =>
        each.verify(new X509Certificate(issuing.certificate).publicKey),
      );
      return { key, certificate: [certificate, issuing.certificate, root.certificate].join("\n") };
    },
    deviceRoots: [root.certificate, deviceIssuer.certificate],
    root: root.certificate,
    joinStates: await openJoinStates(disk, random),
    publicKeyOf: async (certificateRequest) => {
      const { publicKey, wishes } = await provedRequest(certificateRequest);
      return { hash: createHash("sha256").update(new Uint8Array(publicKey.rawData)).digest("base64url"), wishes };
    },
    issue: async (certificateRequest, device) => {
      const { publicKey } = await provedRequest(certificateRequest);
      const issuing = await issuer("device");
      const certificate = await certifyDevice(
        { device, trustDomain, publicKey },
        issuing,
        serial(),
        within(issuing, deviceLife, clock),
      );
      return { certificate, chain: [issuing.certificate, root.certificate], ...factsOf(certificate) };
    },
  };
}

/** From now on for so long, and not longer than the issuer: what outlives its issuer is good for nothing. */
const within = ({ certificate }: CertifiedKey, lasts: number, clock: Tools["clock"]) => {
  const from = clock.now();
  return { from, lasts: Math.min(lasts, factsOf(certificate).notAfter - from) };
};

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
  const valid = within(issuer, SERVER_LIFE, clock);
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
  const make = () => makeServer(names, issuer, random.bytes(SERIAL_BYTES), within(issuer, SERVER_LIFE, clock));
  const issuing = new X509Certificate(issuer.certificate);
  return keptWhileGood(
    parts,
    "server.pem",
    make,
    (certificate) =>
      // It is shown with the issuer's own certificate: of one that was replaced nobody could tell that it is ours.
      certificate.verify(issuing.publicKey) &&
      names.hostNames.every((name) => certificate.checkHost(name) !== undefined) &&
      addresses.every((address) => certificate.checkIP(address) !== undefined),
  );
}

const randomName = (random: Random) => `edgemere-${Buffer.from(random.bytes(8)).toString("hex")}`;
