import type { Output } from "../../src/faces/client.ts";

export type AlertRow = Output<"sa/pe/alert/find">;
export type PolicyRow = Output<"sa/pe/policy/find">;

/** In the order in which they are shown; all but the last are not over. */
export const ALERT_STATES = ["firing", "nodata", "pending", "recovering", "maintenance", "resolved"] as const;

type About = Pick<AlertRow, "device" | "group">;
export const alertLink = ({ device = "", group, policy }: About & Pick<AlertRow, "policy">): string =>
  `/alerts/${encodeURIComponent(group === undefined ? device : `@${group}`)}/${encodeURIComponent(policy)}`;
/** What an alert is about, as people call it. */
export const subjectOf = ({ device = "", group }: About, nameOf: (device: string) => string): string =>
  group ?? nameOf(device);
/** Whether a policy is about groups of devices; by its word, as it may be typed. */
export const isPerGroup = (per: unknown): boolean => typeof per === "string" && !["", "device"].includes(per.trim());

/** What a policy is about: single devices, groups of them, or actions, before which it is asked. */
export type Matter = "device" | "group" | "action";
export const matterOf = ({ per, admission }: Readonly<Record<string, unknown>>): Matter => {
  if (typeof admission === "string" && admission.trim() !== "") return "action";
  return isPerGroup(per) ? "group" : "device";
};
export const policyLink = (name: string): string => `/policies/one/${encodeURIComponent(name)}`;

/** A name as it stands in an address: the router leaves some of its characters as they are written there. */
export function nameIn(part = ""): string {
  try {
    return decodeURIComponent(part);
  } catch {
    return part;
  }
}

/** What was looked at, and what was seen. */
export const lookedText = (looked: AlertRow["looked"]): string =>
  looked.map(({ what, value }) => `${what} = ${value?.toLocaleString() ?? "not known"}`).join(", ");

/** How many count now: those that fire, and those whose data are missing. */
export const countingIn = (states: Readonly<Record<string, number>>): number =>
  (states["firing"] ?? 0) + (states["nodata"] ?? 0);
