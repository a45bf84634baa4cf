import type { InputOf } from "../../platform/action.ts";
import type { AuditEntry } from "../../platform/audit.ts";
import type { listAudit } from "./contract.ts";

type Wanted = Omit<InputOf<typeof listAudit>, "limit" | "cursor">;

/** Whether somebody asked for this entry. */
export function isWanted(entry: AuditEntry, { actor, action, object, decision, from, to }: Wanted): boolean {
  return (
    (actor === undefined || entry.actor === actor) &&
    (action === undefined || matches(action, entry.action)) &&
    (object === undefined || entry.objects?.includes(object) === true) &&
    (decision === undefined || entry.decision === decision) &&
    (from === undefined || entry.at >= from) &&
    (to === undefined || entry.at <= to)
  );
}

const matches = (pattern: string, action: string): boolean =>
  pattern.endsWith("*") ? action.startsWith(pattern.slice(0, -1)) : action === pattern;
