import { sign, verify, type KeyObject } from "node:crypto";
import { checkRecord } from "./check-record.ts";
import { checkTerminalOpened } from "./check-terminal.ts";
import { atMost, id, instant, safe } from "./check-values.ts";
import { decode } from "./codec.ts";
import { commandKinds, kindOfTask } from "./command-kinds.ts";
import { checkRelease } from "./agent-release.ts";
import { checkKeyring } from "./keyring.ts";
import {
  v1,
  type AgentRelease,
  type Command,
  type CommandReport,
  type Encodable,
  type Keyring,
  type NeighbourPermit,
  type SyncHead,
} from "./messages.ts";
import { ProtocolError } from "./protocol-error.ts";
import type { Role, Trust } from "./trust.ts";

/** Types of signed payloads. Distinct per meaning, so that one can never be taken for another. */
export const payloadTypes = {
  command: "application/vnd.edgemere.command.v1+protobuf",
  syncHead: "application/vnd.edgemere.sync-head.v1+protobuf",
  keyring: "application/vnd.edgemere.keyring.v1+protobuf",
  release: "application/vnd.edgemere.release.v1+protobuf",
  result: "application/vnd.edgemere.result.v1+protobuf",
  auditCountersignature: "application/vnd.edgemere.audit-countersignature.v1+protobuf",
  terminalOpened: "application/vnd.edgemere.terminal-opened.v1+protobuf",
  neighbourPermit: "application/vnd.edgemere.neighbour-permit.v1+protobuf",
} as const;

const payloadCodecs = {
  command: v1.Command,
  syncHead: v1.SyncHead,
  keyring: v1.Keyring,
  release: v1.AgentRelease,
  result: v1.CommandReport,
  auditCountersignature: v1.AuditHead,
  terminalOpened: v1.TerminalOpened,
  neighbourPermit: v1.NeighbourPermit,
} as const;

// Only what a number cannot hold: what a well-signed order means is judged by who carries it out.
const payloadChecks = {
  command: ({ sequence, issuedAtMs, expiresAtMs, generation }: Command) => {
    safe("generation", generation);
    safe("sequence", sequence);
    instant("issued_at_ms", issuedAtMs);
    instant("expires_at_ms", expiresAtMs);
  },
  auditCountersignature: (head: v1.AuditHead.$Properties) => checkAuditHead(head),
  syncHead: ({ latestSequence, asOfMs, generation, cancelledCommands, auditHead }: SyncHead) => {
    if (auditHead) checkAuditHead(auditHead);
    safe("latest_sequence", latestSequence);
    instant("as_of_ms", asOfMs);
    safe("generation", generation);
    atMost("cancelled_commands", cancelledCommands, 1_000);
    for (const command of cancelledCommands) id("cancelled_commands", command);
  },
  keyring: (keyring: Keyring) => checkKeyring(keyring),
  release: (release: AgentRelease) => checkRelease(release),
  result: (commandReport: CommandReport) => checkReport(commandReport),
  terminalOpened: (opened: v1.TerminalOpened.$Properties) => checkTerminalOpened(opened),
  neighbourPermit: ({ device, sha256, expiresAtMs }: NeighbourPermit) => {
    id("neighbour_permit.device", device);
    instant("neighbour_permit.expires_at_ms", expiresAtMs);
    if (sha256.length !== 32) throw new ProtocolError("out-of-range", "neighbour_permit.sha256 must have 32 bytes");
  },
} as const;
export type PayloadName = keyof typeof payloadTypes;
type PayloadOf<N extends PayloadName> = ReturnType<(typeof payloadCodecs)[N]["decode"]>;

function checkAuditHead({ number, hash, atMs, generation }: v1.AuditHead.$Properties): void {
  safe("audit_head.number", number ?? 0);
  instant("audit_head.at_ms", atMs ?? 0);
  safe("audit_head.generation", generation ?? 0);
  if (hash?.length !== 32)
    throw new ProtocolError("out-of-range", `audit_head.hash has ${hash?.length ?? 0} bytes, and 32 are meant`);
}

/** Who may sign what. A command needs a key of the role that its kind asks for; which one it asks for stands in the signed bytes. */
const signers = {
  command: { may: ["commands", "dangerous"], must: ({ task }: Command) => neededFor(task) },
  syncHead: { may: ["commands"], must: () => "commands" },
  keyring: { may: ["root"], must: () => "root" },
  release: { may: ["releases"], must: () => "releases" },
  result: { may: ["device"], must: () => "device" },
  auditCountersignature: { may: ["device"], must: () => "device" },
  terminalOpened: { may: ["device"], must: () => "device" },
  neighbourPermit: { may: ["commands"], must: () => "commands" },
} as const satisfies Record<PayloadName, { may: readonly Role[]; must: (message: never) => Role | undefined }>;

/** The role whose keys must sign a command with this task. Nothing is signed as harmless that nobody knows here. */
export function roleOfTask(task: string | undefined): "commands" | "dangerous" {
  const kind = kindOfTask(task);
  return kind !== undefined && !commandKinds[kind].dangerous ? "commands" : "dangerous";
}

/** Of a task that nobody knows here either role will do: it is rejected by whoever was to carry it out, and that can be told only of what was believed. */
const neededFor = (task: string | undefined): Role | undefined =>
  kindOfTask(task) === undefined ? undefined : roleOfTask(task);

/** A private Ed25519 key and the name by which others find its public half. */
export interface SigningKey {
  readonly keyId: string;
  readonly privateKey: KeyObject;
}

/** DSSE's pre-authentication encoding (secure-systems-lab/dsse, protocol.md): what is signed is type and bytes, unambiguously. */
export function preAuthenticationEncoding(payloadType: string, payload: Uint8Array): Uint8Array {
  const head = `DSSEv1 ${Buffer.byteLength(payloadType)} ${payloadType} ${payload.length} `;
  return Buffer.concat([Buffer.from(head), payload]);
}

/** Encodes a message and signs it with each of the keys. */
export function seal<N extends PayloadName>(
  name: N,
  message: Encodable<(typeof payloadCodecs)[N]>,
  ...keys: readonly SigningKey[]
): v1.SignedEnvelope.$Shape {
  const codec = payloadCodecs[name] as { encode(message: unknown): { finish(): Uint8Array } };
  return signed(name, codec.encode(message).finish(), ...keys);
}

/** Bytes of a message that are signed as they are. */
export function signed(
  name: PayloadName,
  payload: Uint8Array,
  ...keys: readonly SigningKey[]
): v1.SignedEnvelope.$Shape {
  const payloadType = payloadTypes[name];
  const encoded = preAuthenticationEncoding(payloadType, payload);
  const signatures = keys.map(({ keyId, privateKey }) => ({ keyId, signature: sign(null, encoded, privateKey) }));
  return { payload, payloadType, signatures };
}

/** Verifies over the bytes as received, and only then decodes and checks. Throws ProtocolError. */
export function open<N extends PayloadName>(name: N, envelope: v1.SignedEnvelope.$Shape, trust: Trust): PayloadOf<N> {
  const { may, must } = signers[name];
  const proved = provedRoles(name, envelope, trust, may);
  const message = decode<unknown>(payloadCodecs[name], envelope.payload ?? new Uint8Array()) as PayloadOf<N>;
  const needed = (must as (message: PayloadOf<N>) => Role | undefined)(message);
  if (needed !== undefined && !proved.includes(needed))
    throw new ProtocolError("wrong-role", `this ${name} needs keys of the role ${needed}, and those did not sign it`);
  payloadChecks[name](message as never);
  return message;
}

/** The roles whose keys signed the bytes, enough of them. Throws ProtocolError when there is none. */
function provedRoles(
  name: PayloadName,
  { payload = new Uint8Array(), payloadType = "", signatures = [] }: v1.SignedEnvelope.$Shape,
  trust: Trust,
  may: readonly Role[],
): readonly Role[] {
  if (payloadType !== payloadTypes[name])
    throw new ProtocolError("wrong-body", `a ${name} was expected, not "${payloadType.slice(0, 128)}"`);
  const encoded = preAuthenticationEncoding(payloadType, payload);
  let [known, good] = [0, 0];
  const proved = may.filter((role) => {
    const { threshold, keys } = trust(role);
    const signers = new Set<string>();
    for (const { keyId = "", signature } of signatures) {
      const key = keys.get(keyId);
      if (key === undefined || !signature) continue;
      known += 1;
      // One key counts once, however often it signed.
      if (!signers.has(keyId) && verify(null, encoded, key, signature)) signers.add(keyId);
    }
    good += signers.size;
    return threshold > 0 && signers.size >= threshold;
  });
  if (proved.length > 0) return proved;
  if (known === 0) throw new ProtocolError("unknown-key", `no known key signed this ${name}`);
  if (good === 0) throw new ProtocolError("bad-signature", `the signature of this ${name} does not fit`);
  throw new ProtocolError(
    "too-few-signatures",
    `${good} of the keys that must sign this ${name} did, which are too few`,
  );
}

/** What a report must satisfy is the same whether it is signed or not. */
const checkReport = (commandReport: CommandReport): void => {
  checkRecord("result", v1.Record.create({ sequence: 1, commandReport }));
};
