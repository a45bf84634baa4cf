import { createHash, timingSafeEqual } from "node:crypto";
import { DAY } from "@edgemere/protocol/kit";
import { Problem } from "../../platform/problem.ts";
import type { Device } from "./contract.ts";
import type { Token } from "./token-contract.ts";

const APPROVED_WITHIN = 7 * DAY;

/** What a token says to somebody who wants to enrol with a key. */
export type Verdict =
  | { readonly kind: "enrol" }
  /** The same key asked before: its answer got lost. */
  | { readonly kind: "repeat"; readonly device: string }
  | { readonly kind: "refuse"; readonly why: string };

export const hashOf = (text: string): string => createHash("sha256").update(text).digest("base64url");

/** `known` is the device that enrolled with the same key. The token's state is looked at only after its secret was proved: a guess learns nothing. */
export function judge(
  token: Token | undefined,
  { secret, known }: { readonly secret: string; readonly known: string | undefined },
  now: number,
): Verdict {
  const expected = Buffer.from(token?.secretHash ?? hashOf(""), "base64url");
  const isProved = timingSafeEqual(expected, Buffer.from(hashOf(secret), "base64url"));
  if (token === undefined || !isProved) return { kind: "refuse", why: "this enrolment token is unknown" };
  if (known !== undefined && now < token.expiresAt + patienceOf(token) && token.state !== "revoked")
    return { kind: "repeat", device: known };
  if (token.state === "used" || token.used >= token.uses)
    return { kind: "refuse", why: "this enrolment token was used already" };
  if (token.state === "revoked") return { kind: "refuse", why: "this enrolment token was revoked" };
  if (token.state === "expired" || now >= token.expiresAt)
    return { kind: "refuse", why: "this enrolment token has expired" };
  return { kind: "enrol" };
}

/** Whoever waits for approval asks again and again, also when the token has expired meanwhile. */
const patienceOf = ({ approval = "none" }: Token): number => (approval === "none" ? 0 : APPROVED_WITHIN);

/**
 * The labels of a host that enrols, and those that it only proposed. Labels decide who sees a device and what it is given to do,
 * so a host chooses those that its token leaves to it, and none that the token sets.
 */
export function labelled(
  proposed: Device["labels"] = {},
  { labels, hostLabels = [] }: Pick<Token, "labels" | "hostLabels">,
): Pick<Device, "labels" | "proposedLabels"> {
  const open = Object.entries(proposed).filter(([key]) => !Object.hasOwn(labels, key));
  const isLeft = ([key]: readonly [string, string]) => hostLabels.includes(key);
  return {
    labels: { ...Object.fromEntries(open.filter(isLeft)), ...labels },
    proposedLabels: Object.fromEntries(open.filter((each) => !isLeft(each))),
  };
}

/** The labels of a device after an operator has set, accepted and removed some. Throws Problem where one was not proposed. */
export function relabelled(
  { name, labels, proposedLabels = {} }: Pick<Device, "name" | "labels" | "proposedLabels">,
  { set, accept, remove }: { set: Device["labels"]; accept: readonly string[]; remove: readonly string[] },
): Pick<Device, "labels" | "proposedLabels"> {
  const without = (of: Device["labels"], keys: readonly string[]) =>
    Object.fromEntries(Object.entries(of).filter(([key]) => !keys.includes(key)));
  const unknown = accept.find((key) => !Object.hasOwn(proposedLabels, key));
  if (unknown !== undefined) {
    const detail = `the host of "${name}" proposed no label "${unknown.slice(0, 64)}"`;
    throw new Problem("invalid-input", detail, { errors: [{ pointer: "/accept", detail }] });
  }
  const accepted = Object.fromEntries(accept.map((key) => [key, proposedLabels[key] ?? ""]));
  return {
    labels: without({ ...labels, ...accepted, ...set }, remove),
    proposedLabels: without(proposedLabels, [...accept, ...Object.keys(set), ...remove]),
  };
}

/** The proposed name, cut to what a name may be, with a number behind it when it is taken. */
export function freeName(proposed: string, isTaken: (name: string) => boolean): string {
  const cleaned =
    proposed
      .replaceAll(/[^A-Za-z0-9._-]/g, "-")
      .replaceAll(/^-+|-+$/g, "")
      .slice(0, 100) || "device";
  for (let number = 1; ; number++) {
    const name = number === 1 ? cleaned : `${cleaned}-${number}`;
    if (!isTaken(name)) return name;
  }
}
