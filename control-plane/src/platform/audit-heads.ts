import { sign, verify, type KeyObject } from "node:crypto";
import { preAuthenticationEncoding, type SigningKey } from "@edgemere/protocol";
import { canonical, idOf, type ChainPlace } from "./audit.ts";
import { table } from "./resource.ts";

/** Where the audit log stood at a moment: what comes later cannot make this untrue. */
export interface AuditHead extends ChainPlace {
  readonly at: number;
  /** Which life of the control plane says so. */
  readonly generation: number;
}

/** A head with a signature of the audit's own key. */
export interface SignedHead extends AuditHead {
  /** Number of the entry as 16 digits, and the generation. */
  readonly id: string;
  readonly keyId: string;
  /** Ed25519 over DSSE's pre-authentication encoding of the head's canonical JSON; base64. */
  readonly signature: string;
}

const PAYLOAD_TYPE = "application/vnd.edgemere.audit-head.v1+json";

export const auditHeads = table<SignedHead>("audithead");

export function signHead(head: AuditHead, key: SigningKey): SignedHead {
  const signature = sign(null, signed(head), key.privateKey).toString("base64");
  return { ...head, id: `${idOf(head.number)}-${head.generation}`, keyId: key.keyId, signature };
}

/** With the private key as well as with its public half. */
export const isSignedBy = (head: SignedHead, key: KeyObject): boolean =>
  verify(null, signed(head), key, Buffer.from(head.signature, "base64"));

const signed = ({ number, hash, at, generation }: AuditHead): Uint8Array =>
  preAuthenticationEncoding(PAYLOAD_TYPE, Buffer.from(canonical({ number, hash, at, generation })));
