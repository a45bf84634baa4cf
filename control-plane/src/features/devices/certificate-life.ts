import { DAY } from "@edgemere/protocol/kit";
import type { Certificate } from "./certificate-contract.ts";
import type { Device } from "./contract.ts";

export type IdentityLife = NonNullable<Device["identity"]>;

/** That of a device about which nothing was noted yet. */
export const identityOf = ({ identity }: Pick<Device, "identity">): IdentityLife =>
  identity ?? {
    number: 0,
    recoveries: [],
    doubt: "",
    contender: "",
    copiesUpTo: -1,
    waitsFor: "",
    approvedKey: "",
    replaces: "",
  };

/** What counts of a certificate when the next one is asked for. */
export type Standing = Pick<Certificate, "id" | "number" | "keyHash" | "state" | "notAfter">;

/** What becomes of a request for a certificate. */
export type Verdict =
  | { readonly kind: "issue" }
  /** The answer got lost: the same key gets the same certificate. */
  | { readonly kind: "repeat" }
  /** Somebody must approve it first. */
  | { readonly kind: "wait"; readonly why: string }
  /** Two hold this identity: neither is trusted until somebody has decided. */
  | { readonly kind: "lock"; readonly why: string }
  | { readonly kind: "refuse"; readonly why: string }
  /** Not this way: the device has to recover. */
  | { readonly kind: "expired"; readonly why: string }
  | { readonly kind: "retired" };

interface Asked {
  readonly row: Pick<Device, "state" | "identity">;
  readonly newest: Standing;
  /** Of the key in the request. */
  readonly keyHash: string;
  readonly now: number;
}

const RECOVERIES = 3;
const RECOVERIES_WITHIN = 30 * DAY;
const COPY = "this is a copy of a device's identity that was split off; enrol this host anew with a new token";
const DOUBT = "two hosts seem to hold this identity; an operator has to split, replace or retire the device";

/** Of the holder of the certificate `shown`, which holds still. */
export function judgeRenewal({ row, newest, shown, keyHash, now }: Asked & { readonly shown: Standing }): Verdict {
  if (row.state === "retired") return { kind: "retired" };
  if (shown.state === "revoked") return { kind: "expired", why: "this certificate was revoked" };
  // A resumed TLS session does not look at the dates again.
  if (shown.notAfter <= now) return { kind: "expired", why: "this certificate has expired" };
  const identity = identityOf(row);
  if (isNewest(newest, keyHash)) {
    if (newest.id === shown.id) return { kind: "refuse", why: "each certificate needs a new key; make one" };
    return isGood(newest, now) ? { kind: "repeat" } : { kind: "issue" };
  }
  if (isApproved(identity, keyHash)) return { kind: "issue" };
  if (identity.doubt !== "") return { kind: "refuse", why: DOUBT };
  if (shown.id === newest.id) return { kind: "issue" };
  if (shown.number <= identity.copiesUpTo) return { kind: "refuse", why: COPY };
  return {
    kind: "lock",
    why: `certificate ${shown.number} was renewed once already, and is to be renewed again for another key`,
  };
}

/** Of the holder of the message key, whose join state has this number. */
export function judgeRecovery({ row, newest, number, keyHash, now }: Asked & { readonly number: number }): Verdict {
  if (row.state === "retired") return { kind: "retired" };
  const identity = identityOf(row);
  if (isNewest(newest, keyHash) && newest.state !== "revoked")
    return isGood(newest, now) ? { kind: "repeat" } : { kind: "issue" };
  if (isApproved(identity, keyHash)) return { kind: "issue" };
  if (identity.doubt !== "") return { kind: "refuse", why: DOUBT };
  // Above: this control plane was restored from a backup that is older than the device's certificate.
  if (number < identity.number) {
    if (number <= identity.copiesUpTo) return { kind: "refuse", why: COPY };
    return {
      kind: "lock",
      why: `join state ${number} is shown, and ${identity.number} was issued: somebody else went on with this identity`,
    };
  }
  if (newest.state === "revoked") return { kind: "wait", why: "its certificate was revoked" };
  if (recentRecoveries(identity, now).length >= RECOVERIES)
    return { kind: "wait", why: `it recovered ${RECOVERIES} times within 30 days` };
  return { kind: "issue" };
}

/** Those that count against the limit. */
export const recentRecoveries = ({ recoveries }: IdentityLife, now: number): readonly number[] =>
  recoveries.filter((at) => at > now - RECOVERIES_WITHIN);

const isNewest = (newest: Standing, keyHash: string): boolean => keyHash !== "" && newest.keyHash === keyHash;
const isApproved = ({ approvedKey }: IdentityLife, keyHash: string): boolean =>
  approvedKey !== "" && approvedKey === keyHash;
const isGood = ({ state, notAfter }: Standing, now: number): boolean => state !== "revoked" && notAfter > now;

/** Why no connection may be made with a certificate; undefined when it may. */
export function objectionTo(
  { state, acceptedUntil, notAfter }: Pick<Certificate, "state" | "acceptedUntil" | "notAfter">,
  now: number,
): string | undefined {
  if (state === "revoked") return "the certificate was revoked";
  if (state === "superseded" || (acceptedUntil !== 0 && now >= acceptedUntil)) return "the certificate was replaced";
  return now >= notAfter ? "the certificate has expired" : undefined;
}
