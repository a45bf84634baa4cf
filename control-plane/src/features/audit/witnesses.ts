import { keyIdOf, open, pack, ProtocolError, publicKeyFromBytes, trustOnly, type v1 } from "@edgemere/protocol";
import { MINUTE, type Loop } from "@edgemere/protocol/kit";
import { auditTable, idOf } from "../../platform/audit.ts";
import { auditWitnesses, type AuditWitness } from "../../platform/audit-witnesses.ts";
import { put, type Change } from "../../platform/change.ts";
import type { SessionNews } from "../../platform/feature.ts";
import { device } from "../devices/contract.ts";
import type { AuditContext } from "./context.ts";

/** Devices that are asked each minute. */
const ASKED_AT_ONCE = 5;

/** What a device has countersigned is remembered; what it has not signed itself is worth nothing. */
export async function receiveWitness(
  { device: id, hello }: SessionNews,
  { store, log, generation, auditing }: AuditContext,
): Promise<readonly Change[]> {
  if (hello?.auditHead === undefined) return [];
  const row = await store.get(device, id);
  const witness = row && headIn(hello.auditHead, { id, messageKey: row.messageKey });
  if (witness === undefined) {
    log.warn("a device countersigns a head of the audit log badly", { device: id });
    return [];
  }
  // What was before a restore may be gone, and that is told elsewhere.
  if (witness.generation !== generation()) return [];
  const known = await store.get(auditWitnesses, id);
  const entry = await store.get(auditTable, idOf(witness.number));
  const isContradicted = known?.isContradicted === true || entry?.hash !== witness.hash;
  if (!isContradicted) return [put(auditWitnesses, witness)];
  log.error("a device remembers another audit log", { device: id, entry: witness.number });
  auditing.alarm();
  return known?.isContradicted ? [] : [put(auditWitnesses, { ...witness, isContradicted })];
}

function headIn(
  envelope: v1.SignedEnvelope.$Shape,
  { id, messageKey }: { readonly id: string; readonly messageKey: string },
): AuditWitness | undefined {
  const bytes = Buffer.from(messageKey, "base64");
  if (bytes.length !== 32) return undefined;
  const key = publicKeyFromBytes(bytes);
  try {
    const { number, hash, atMs, generation } = open(
      "auditCountersignature",
      envelope,
      trustOnly("device", keyIdOf(key), key),
    );
    return { id, number, hash: Buffer.from(hash).toString("hex"), at: atMs, generation };
  } catch (error) {
    if (error instanceof ProtocolError) return undefined;
    throw error;
  }
}

/** Asks a few of those that are connected to say hello: so they hear where the log stands, and countersign what they heard before. */
export function askWitnesses({ link, log, auditing, random }: AuditContext): Loop {
  let asked = 0;
  return {
    name: "ask witnesses",
    every: MINUTE,
    onError: (error) => log.error("loop failed", { loop: "ask witnesses", error }),
    step: async () => {
      const number = auditing.copy.newestHead?.number ?? 0;
      if (number === asked) return "settled";
      asked = number;
      const connected = link.sessions().map((each) => each.device);
      const first = Math.floor(random.next() * connected.length);
      const some = [...connected.slice(first), ...connected.slice(0, first)].slice(0, ASKED_AT_ONCE);
      for (const each of some) await link.send(each, pack("sync", { device: each }, { sessionEpoch: 0 }));
      return "settled";
    },
  };
}
