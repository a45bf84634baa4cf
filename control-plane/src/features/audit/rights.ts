import { hashOfRow, type AuditDraft } from "../../platform/audit.ts";
import type { DomainEvent } from "../../platform/domain-event.ts";

/**
 * What an event says of somebody's rights: that they were taken away, or given back. Undefined when it says nothing of them. The audit log
 * has it, and so has its copy: a restore from a backup reads there what was revoked since.
 */
export function rightIn(
  { type, subject, data, number }: DomainEvent,
  revoking: ReadonlyMap<string, readonly string[]>,
): AuditDraft | undefined {
  const [name = "", state] = type.split(".");
  const states = revoking.get(name);
  // What is told in the first version of a row was never taken away.
  if (states === undefined || states.length === 0 || state === undefined || state !== data["state"]) return undefined;
  if (!states.includes(state) && data["version"] === 1) return undefined;
  return {
    actor: "system",
    via: "system",
    action: type,
    decision: "done",
    objects: [`${name}:${subject}`],
    state,
    after: [hashOfRow(data)],
    requestId: `event-${number}`,
    input: { event: number },
  };
}
