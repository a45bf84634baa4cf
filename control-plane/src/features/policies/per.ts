import type { Expression } from "../../platform/expression.ts";
import type { Device } from "../devices/contract.ts";

const ADEVICE = "adevice:";
const LABEL = "labels.";

/** What a policy is about one by one: each device, or each group of devices. */
export type Per =
  | { readonly of: "device" }
  /** All devices together. */
  | { readonly of: "fleet" }
  /** The devices of an aggregated device, together. */
  | { readonly of: "adevice"; readonly name: string }
  /** The devices that have the same value of a label, for each value. */
  | { readonly of: "label"; readonly label: string };

/** By its word, which was checked: device, fleet, adevice:gateways, or a label. */
export function perOf(word = "device"): Per {
  if (word === "device" || word === "fleet") return { of: word };
  if (word.startsWith(ADEVICE)) return { of: "adevice", name: word.slice(ADEVICE.length) };
  return { of: "label", label: word.startsWith(LABEL) ? word.slice(LABEL.length) : word };
}

export const isPerGroup = ({ per }: { readonly per?: string | undefined }): boolean => perOf(per).of !== "device";

/**
 * What the group of a device is called: fleet, adevice:gateways, site=berlin. Undefined: it is in none. `members` picks those of an aggregated
 * device; undefined: there is none of that name, or it is disabled.
 */
export function groupOf(
  per: Per,
  { labels }: Pick<Device, "labels">,
  view: Readonly<Record<string, unknown>>,
  members: Expression | undefined,
): string | undefined {
  if (per.of === "fleet") return per.of;
  if (per.of === "adevice") return members?.matches(view) === true ? `${ADEVICE}${per.name}` : undefined;
  if (per.of === "device" || !Object.hasOwn(labels, per.label)) return undefined;
  return `${per.label}=${labels[per.label] ?? ""}`;
}
