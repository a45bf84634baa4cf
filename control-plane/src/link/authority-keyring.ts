import { createPrivateKey, type KeyObject } from "node:crypto";
import {
  decode,
  keyIdOf,
  keyringRoles,
  openNewerKeyring,
  privateKeyFromSeed,
  ProtocolError,
  seal,
  signed,
  trustIn,
  v1,
  open,
  type SigningKey,
} from "@edgemere/protocol";
import type { Disk } from "@edgemere/protocol/kit";
import { Problem } from "../platform/problem.ts";
import type { Keys, KeyringStatus, Signer } from "../platform/signer.ts";
import { FOLDER, keptSigningKey, pemOf, type Tools } from "./authority-files.ts";
import {
  documentFrom,
  firstKeyring,
  lastingKeyIds,
  neededAfter,
  rotated,
  type KeyringDocument,
} from "./keyring-documents.ts";

type KeyringRole = (typeof keyringRoles)[number];

/** The keys that sign for devices and the keyrings that tell of them. The root of command trust may lie elsewhere. */
export interface KeyringAuthority extends Keys {
  readonly signer: Signer;
  /** The newest document, without its signatures: what a device is given that enrols. */
  readonly keyring: Uint8Array;
  /** Its number. */
  readonly version: number;
}

const keyFile = (role: KeyringRole, keyId: string) => `${FOLDER}/${role}-${keyId}.pem`;
const documentFile = (version: number) => `${FOLDER}/keyring-${String(version).padStart(10, "0")}`;
/** The first key of each role. */
const firstFiles = {
  root: "command-root.pem",
  commands: "commands.pem",
  dangerous: "dangerous.pem",
  releases: "releases.pem",
} as const satisfies Record<KeyringRole, string>;

/** Opens the keyring of an authority, or makes its first. */
export async function openKeyring(tools: Tools, trustDomain: string): Promise<KeyringAuthority> {
  const { disk, clock } = tools;
  const documents = await readDocuments(tools);
  if (documents.length === 0) documents.push(await makeFirst(tools, trustDomain));
  let keys = await readKeys(tools);
  const newest = () => documents.at(-1) as KeyringDocument;
  const heldKeys = (role: KeyringRole) =>
    lastingKeyIds(newest().keyring, role).flatMap((keyId) => keys.get(keyId) ?? []);
  const thresholdOf = (role: KeyringRole) => newest().keyring.roles.find((rule) => rule.role === role)?.threshold ?? 1;

  const keep = async (document: KeyringDocument) => {
    await disk.write(documentFile(document.keyring.version), v1.SignedEnvelope.encode(document.envelope).finish());
    keys = await readKeys(tools);
    documents.push(document);
  };
  const accept = (envelope: v1.SignedEnvelope.$Shape): KeyringDocument => ({
    envelope,
    keyring: openNewerKeyring(envelope, { known: newest().keyring, trustDomain, now: clock.now() }),
  });

  return {
    signer: {
      keysFor: (role) => heldKeys(role).slice(0, thresholdOf(role)),
      get keyringVersion() {
        return newest().keyring.version;
      },
      keyringsAfter: (version) => neededAfter(version, documents).map(({ envelope }) => envelope),
    },
    get keyring() {
      return newest().envelope.payload ?? new Uint8Array();
    },
    get version() {
      return newest().keyring.version;
    },
    status: () => statusOf(newest(), keys),
    trust: (role) => trustIn(newest().keyring, () => clock.now())(role),
    rotate: async ({ role, grace, above }) => {
      const key = await makeKey(tools, role);
      keys = await readKeys(tools);
      const roots = heldKeys("root");
      const draft = rotated(newest().keyring, { role, key, now: clock.now(), grace, above });
      const payload = v1.Keyring.encode(draft).finish();
      const version = draft.version ?? 0;
      if (roots.length < thresholdOf("root")) {
        if (role === "root")
          throw new Problem(
            "conflict",
            "the root of command trust is not here: bring it back, replace it, and move it again",
          );
        return { version, draft: v1.SignedEnvelope.encode(signed("keyring", payload)).finish() };
      }
      const signers = role === "root" ? [...roots, { keyId: keyIdOf(key), privateKey: key }] : roots;
      await keep(accept(signed("keyring", payload, ...signers)));
      return { version };
    },
    take: async (bytes) => {
      const document = told(() => accept(decode(v1.SignedEnvelope, bytes)));
      const held = await readKeys(tools);
      for (const role of ["commands", "dangerous"] as const) {
        const { threshold = 1 } = document.keyring.roles.find((rule) => rule.role === role) ?? {};
        const here = lastingKeyIds(document.keyring, role).filter((keyId) => held.has(keyId));
        if (here.length < threshold)
          throw new Problem(
            "invalid-input",
            `in this keyring ${threshold} keys of the role ${role} must sign, and ${here.length} of them are here: make one with "key rotate" first, and sign what that gives`,
          );
      }
      await keep(document);
      return { version: document.keyring.version };
    },
  };
}

function told<T>(work: () => T): T {
  try {
    return work();
  } catch (error) {
    if (!(error instanceof ProtocolError)) throw error;
    throw new Problem("invalid-input", `this keyring cannot be taken: ${error.message}`, { cause: error });
  }
}

/** Every document that was ever in force, oldest first. One that cannot be read must be restored: without it some devices are lost. */
async function readDocuments({ disk }: Tools): Promise<KeyringDocument[]> {
  const names = (await disk.list(FOLDER)).filter((name) => /^keyring-\d{10}$/.test(name));
  return Promise.all(
    names.sort().map(async (name) => {
      try {
        const document = documentFrom((await disk.read(`${FOLDER}/${name}`)) ?? new Uint8Array());
        open(
          "keyring",
          document.envelope,
          trustIn(document.keyring, () => document.keyring.issuedAtMs),
        );
        return document;
      } catch (cause) {
        throw new Error(`${FOLDER}/${name} holds no keyring: restore it from a backup`, { cause });
      }
    }),
  );
}

/** Signed by the commands key as well: devices that know no root yet take it for that. */
async function makeFirst(tools: Tools, trustDomain: string): Promise<KeyringDocument> {
  const made = {} as Record<KeyringRole, SigningKey>;
  for (const role of keyringRoles) made[role] = await keptSigningKey(firstFiles[role], tools);
  const draft = firstKeyring(made, { trustDomain, now: tools.clock.now() });
  const envelope = seal("keyring", draft, made.root, made.commands);
  const bytes = v1.SignedEnvelope.encode(envelope).finish();
  await tools.disk.write(documentFile(draft.version ?? 0), bytes);
  return documentFrom(bytes);
}

/** On the disk before any keyring names it. */
async function makeKey(tools: Tools, role: KeyringRole): Promise<KeyObject> {
  const key = privateKeyFromSeed(tools.random.bytes(32));
  await tools.disk.write(keyFile(role, keyIdOf(key)), pemOf(key));
  return key;
}

/** Where the root of command trust lies in a data folder: nowhere, once it was moved. */
export async function commandRootFiles(disk: Disk): Promise<readonly string[]> {
  const names = await disk.list(FOLDER);
  return names
    .filter((name) => name === firstFiles.root || isLaterKey(name, "root"))
    .map((name) => `${FOLDER}/${name}`);
}

const isLaterKey = (name: string, role: KeyringRole): boolean => new RegExp(`^${role}-[\\w-]{16}\\.pem$`).test(name);

/** Those that are here, by id. */
async function readKeys({ disk }: Tools): Promise<ReadonlyMap<string, SigningKey>> {
  const isKey = (name: string) =>
    Object.values(firstFiles).some((each) => each === name) || keyringRoles.some((role) => isLaterKey(name, role));
  const found = await Promise.all(
    (await disk.list(FOLDER)).filter(isKey).map(async (name) => {
      const privateKey = createPrivateKey(Buffer.from((await disk.read(`${FOLDER}/${name}`)) ?? new Uint8Array()));
      return { keyId: keyIdOf(privateKey), privateKey };
    }),
  );
  return new Map(found.map((each) => [each.keyId, each]));
}

function statusOf({ keyring }: KeyringDocument, here: ReadonlyMap<string, SigningKey>): KeyringStatus {
  const { version, issuedAtMs, expiresAtMs, roles, keys } = keyring;
  return {
    version,
    issuedAt: issuedAtMs,
    expiresAt: expiresAtMs,
    roles: roles.map(({ role, threshold }) => ({
      role,
      threshold,
      keys: keys
        .filter((each) => each.role === role)
        .map(({ keyId, untilMs }) => ({ keyId, until: untilMs, isHere: here.has(keyId) })),
    })),
  };
}
