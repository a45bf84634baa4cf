import type { Output } from "../../src/faces/client.ts";
import { call } from "./client.ts";

type Part = Output<"ia/audit/verify">;

/** What was found in all of the log. */
export type AuditVerdict = Pick<Part, "entries" | "compared" | "heads" | "faults">;

/** Checks the audit log from its first entry to its last, and tells how far it is. */
export async function checkAudit(told: (checked: number, entries: number) => void): Promise<AuditVerdict> {
  let verdict: AuditVerdict = { entries: 0, compared: 0, heads: 0, faults: [] };
  let after: number | undefined = 0;
  while (after !== undefined) {
    const part: Part = await call("ia/audit/verify", { after });
    told(part.checked, part.entries);
    verdict = {
      entries: part.entries,
      compared: verdict.compared + part.compared,
      heads: verdict.heads + part.heads,
      faults: [...verdict.faults, ...part.faults],
    };
    after = part.next;
  }
  return verdict;
}
