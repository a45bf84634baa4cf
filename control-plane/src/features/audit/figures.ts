import { SECOND } from "@edgemere/protocol/kit";
import { gauge, type Family } from "../../platform/figures.ts";
import type { AuditContext } from "./context.ts";

/** How far the audit log is in its copy, by its newest signed head. */
export async function auditFigures({ auditing }: AuditContext): Promise<readonly Family[]> {
  const head = auditing.copy.newestHead;
  return [
    gauge(
      { name: "edgemere_audit_head_timestamp_seconds", help: "When the newest head of the audit log was signed" },
      head === undefined ? [] : [[{}, head.at / SECOND]],
    ),
    gauge(
      { name: "edgemere_audit_entries", help: "Entries of the audit log up to its newest head" },
      head === undefined ? [] : [[{}, head.number]],
    ),
    gauge({ name: "edgemere_audit_contradicted", help: "1 when the audit log contradicts its copy" }, [
      [{}, Number(auditing.copy.isContradicted)],
    ]),
  ];
}
