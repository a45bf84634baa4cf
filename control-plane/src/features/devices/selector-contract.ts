import { compileExpression, type Expression } from "../../platform/expression.ts";
import type { Realm } from "../../platform/scopes.ts";
import { device, type Device } from "./contract.ts";

/** The fields a selector may speak of, and a policy. */
export const deviceFields = {
  id: "string",
  name: "string",
  state: "string",
  presence: "string",
  labels: "map",
  inventory: "map",
  agent_version: "string",
  capabilities: "list",
  conditions: "list",
} as const;

/** Labels as sugar ("site=berlin, role in (gw,edge)"), or an expression over the fields. Throws Problem that names the mistake. */
export const compileSelector = (text: string): Expression =>
  compileExpression(text, { fields: deviceFields, labels: "labels" });

/** A device as selectors see it. */
export const viewOf = ({
  id,
  name,
  state,
  presence,
  labels,
  inventory,
  agent,
  conditions = [],
}: Device): Record<string, unknown> => ({
  id,
  name,
  state,
  presence,
  labels,
  inventory,
  agent_version: agent.version,
  capabilities: agent.capabilities,
  conditions,
});

/** The time zone of a device: its label, or what it says itself; empty where nobody says. */
export function zoneNameOf({ labels, inventory }: Pick<Device, "labels" | "inventory">): string {
  const said = inventory["time.zone"];
  return labels["timezone"] ?? (typeof said === "string" ? said : "");
}

/**
 * What grants are limited by: what operators alone decide. A device that could write itself into a selector, by its
 * inventory or its presence or the name that it proposed, could choose who sees it.
 */
export const realm: Realm<typeof device> = {
  resource: device,
  compile: (text) =>
    compileExpression(text, { fields: { id: "string", name: "string", labels: "map" }, labels: "labels" }),
  viewOf: ({ id, name, isNameProposed = false, labels }) => ({ id, name: isNameProposed ? "" : name, labels }),
};
