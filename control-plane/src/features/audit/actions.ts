import { createPublicKey } from "node:crypto";
import { handle } from "../../platform/action.ts";
import { auditTable, idOf, type AuditEntry } from "../../platform/audit.ts";
import { checkAudit } from "../../platform/audit-check.ts";
import { auditHeads } from "../../platform/audit-heads.ts";
import * as contract from "./contract.ts";
import type { AuditContext } from "./context.ts";
import { isWanted } from "./filter.ts";

// Entries looked at for one answer: a rare filter, or a long log, must not make one request walk all of it.
const LOOKED_AT = 20_000;
// A fraction of a second, and a few where the machine is busy with other things.
const CHECKED_AT_ONCE = 4_000;

export const auditActions = [
  handle(contract.listAudit, async ({ limit = 50, cursor, ...wanted }, { store }: AuditContext) => {
    const items: AuditEntry[] = [];
    let looked = 0;
    for await (const { row, cursor: here } of store.walk(auditTable, { cursor, reverse: true })) {
      if (items.length === limit || looked === LOOKED_AT) return { items: items.map(shown), next: here };
      looked++;
      if (isWanted(row, wanted)) items.push(row);
    }
    return { items: items.map(shown) };
  }),
  handle(contract.verifyAudit, async ({ after = 0 }, { store, auditing }: AuditContext) => {
    const { copy, key } = auditing;
    const { faults, ...report } = await checkAudit(
      { store, copy, key: key.privateKey },
      { after, most: CHECKED_AT_ONCE },
    );
    return { whole: faults.length === 0, ...report, faults: [...faults] };
  }),
  handle(contract.exportAudit, async ({ after = 0, limit = 1_000 }, { store, auditing }: AuditContext) => {
    const from = { from: idOf(after + 1), limit };
    const { items, next } = await store.list(auditTable, from);
    const last = items.at(-1);
    const upTo = last === undefined ? after : Number(last.id);
    const heads = await store.list(auditHeads, from);
    return {
      entries: items.map(shown),
      heads: heads.items.filter(({ number }) => number <= upTo).map(({ id: _, ...head }) => head),
      publicKey: createPublicKey(auditing.key.privateKey).export({ format: "pem", type: "spki" }).toString(),
      ...(next !== undefined && { next: upTo }),
    };
  }),
];

const shown = ({ objects, before, after, ...entry }: AuditEntry) => ({
  ...entry,
  ...(objects !== undefined && { objects: [...objects] }),
  ...(before !== undefined && { before: [...before] }),
  ...(after !== undefined && { after: [...after] }),
});
