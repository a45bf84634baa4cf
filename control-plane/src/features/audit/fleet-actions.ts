import { handle } from "../../platform/action.ts";
import { Problem } from "../../platform/problem.ts";
import type { Table } from "../../platform/resource.ts";
import type { Store } from "../../platform/store.ts";
import { device } from "../devices/contract.ts";
import { token } from "../devices/token-contract.ts";
import { apiToken, user } from "../identity/contract.ts";
import { auditFleet, severities } from "./contract.ts";
import type { AuditContext } from "./context.ts";
import { findingsIn } from "./fleet.ts";

export const fleetActions = [
  handle(auditFleet, async ({ severity = "low", limit = 50, cursor = "0" }, context: AuditContext) => {
    const { store, clock, link, auditing } = context;
    // Findings are no rows: a page begins behind so many of them.
    if (!/^\d{1,9}$/.test(cursor))
      throw new Problem("invalid-input", "the cursor does not belong to this list; start again without one");
    const all = findingsIn({
      now: clock.now(),
      settings: auditing.settings,
      devices: await allOf(store, device),
      enrolmentTokens: await allOf(store, token),
      users: await allOf(store, user),
      credentials: await allOf(store, apiToken),
      connected: new Set(link.sessions().map((each) => each.device)),
    }).filter((each) => severities.indexOf(each.severity) <= severities.indexOf(severity));
    const end = Number(cursor) + limit;
    return {
      items: all.slice(Number(cursor), end),
      total: all.length,
      ...(end < all.length && { next: String(end) }),
    };
  }),
];

async function allOf<Row extends { readonly id: string }>(store: Store, table: Table<Row>): Promise<readonly Row[]> {
  const rows: Row[] = [];
  for await (const row of store.scan(table)) rows.push(row);
  return rows;
}
