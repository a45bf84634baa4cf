import { SECOND } from "@edgemere/protocol/kit";
import { Conflict, put, removed, type Change } from "../../platform/change.ts";
import type { DataOrchestratorContext } from "./context.ts";
import { dataRequest, type DataRequest } from "./contract.ts";
import { advance } from "./ending.ts";
import { keep } from "./keeping.ts";
import { lookouts, requestNews, type Lookout } from "./tables.ts";

/** Rules are looked at on these marks only: what befalls many copies of one is looked at together. */
const MARK = 5 * SECOND;

/**
 * Looks at every request that something happened to, and at each whose time has come. Others cost nothing. Two who did so at a time would
 * miss what happens while one of them looks.
 */
export async function lookAtDue(context: DataOrchestratorContext): Promise<void> {
  const { store, clock } = context;
  for await (const { id } of store.scan(requestNews))
    await store.commit(removed(requestNews, id), ...(await heard(id, context)));
  const failures: unknown[] = [];
  for await (const each of store.scan(lookouts, { index: "due" })) {
    if (each.at > clock.now()) break;
    // One that cannot be looked at holds up no other.
    await look(each, context).catch((cause: unknown) => {
      if (!(cause instanceof Conflict))
        failures.push(new Error(`the data request ${each.id} cannot be looked at`, { cause }));
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

/** Nobody looks again at what is over, or at what only waits to be told of. */
async function look(last: Lookout, context: DataOrchestratorContext): Promise<void> {
  const { store } = context;
  const row = await store.get(dataRequest, last.id);
  if (row !== undefined && isRule(row)) return store.commit(put(lookouts, await keep(row, last, context)));
  if (row?.state === "evaluated") await advance(row, context);
  return store.commit(removed(lookouts, last.id));
}
