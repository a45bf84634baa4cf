import { SECOND } from "@edgemere/protocol/kit";
import { itself } from "../../platform/caller.ts";
import { Conflict, put, removed, type Change } from "../../platform/change.ts";
import type { Data } from "../data-catalogue/contract.ts";
import type { DataOrchestratorContext } from "./context.ts";
import { dataRequest, type DataRequest } from "./contract.ts";
import { advance } from "./ending.ts";
import { keep } from "./keeping.ts";
import { compare } from "./planning.ts";
import { matchesOf } from "./survey.ts";
import { lookouts, requestNews, type Lookout } from "./tables.ts";

/** Rules are looked at on these marks only: what befalls many copies of one is looked at together. */
const MARK = 5 * SECOND;

/**
 * Looks at every request that something happened to, and at each whose time has come. Others cost nothing. Two who did so at a time would
 * miss what happens while one of them looks.
 */
export async function lookAtDue(context: DataOrchestratorContext): Promise<void> {
  const { store } = context;
  for await (const { id } of store.scan(requestNews))
    await store.commit(removed(requestNews, id), ...(await heard(id, context)));
  const failures: unknown[] = [];
  const found = foundOnce(context);
  for (const { last, row } of await dueNow(context)) {
    // One that cannot be looked at holds up no other.
    await look(last, row, found, context).catch((cause: unknown) => {
      if (!(cause instanceof Conflict))
        failures.push(new Error(`the data request ${last.id} cannot be looked at`, { cause }));
    });
  }
  if (failures.length > 0) throw new AggregateError(failures, "some data requests cannot be looked at");
}

const isRule = ({ state, purpose }: DataRequest): boolean => state === "satisfied" && purpose.isKept;

async function heard(id: string, { store, clock }: DataOrchestratorContext): Promise<readonly Change[]> {
  const row = await store.get(dataRequest, id);
  if (row === undefined) return [];
  const at = isRule(row) ? Math.ceil(clock.now() / MARK) * MARK : clock.now();
  const last = await store.get(lookouts, id);
  return [put(lookouts, { ...last, id, at: Math.min(at, last?.at ?? at) })];
}

/** Those that ask for the same data stand beside each other: the catalogue is gone through once for all of them. */
async function dueNow({ store, clock }: DataOrchestratorContext) {
  const due: { readonly last: Lookout; readonly row: DataRequest | undefined }[] = [];
  for await (const last of store.scan(lookouts, { index: "due" })) {
    if (last.at > clock.now()) break;
    due.push({ last, row: await store.get(dataRequest, last.id) });
  }
  const queryOf = ({ row }: (typeof due)[number]) => (row !== undefined && isRule(row) ? row.query : "");
  return due.toSorted((a, b) => compare(queryOf(a), queryOf(b)));
}

/** What a query finds, looked up anew when another one is asked for. */
function foundOnce(context: DataOrchestratorContext): (query: string) => Promise<readonly Data[]> {
  let last: { readonly query: string; readonly matches: Promise<readonly Data[]> } | undefined;
  return (query) => {
    if (last?.query !== query) last = { query, matches: matchesOf(query, context, itself(["data:read"], context)) };
    return last.matches;
  };
}

/** Nobody looks again at what is over, or at what only waits to be told of. */
async function look(
  last: Lookout,
  row: DataRequest | undefined,
  found: (query: string) => Promise<readonly Data[]>,
  context: DataOrchestratorContext,
): Promise<void> {
  const { store } = context;
  if (row !== undefined && isRule(row)) return store.commit(put(lookouts, await keep(row, last, found, context)));
  if (row?.state === "evaluated") await advance(row, context);
  return store.commit(removed(lookouts, last.id));
}
