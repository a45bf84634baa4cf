import { handle } from "../../platform/action.ts";
import { lookupHandlers } from "../../platform/crud.ts";
import { InvalidCursor, makeCursor, openCursor } from "../../platform/cursor.ts";
import type { DomainEvent } from "../../platform/domain-event.ts";
import { eventsAbout } from "../../platform/event-story.ts";
import { pageOfMatches } from "../../platform/pages.ts";
import { resolve } from "../../platform/reference.ts";
import { repeatOnConflict } from "../../platform/repeat.ts";
import { device } from "../devices/contract.ts";
import type { DataOrchestratorContext } from "./context.ts";
import * as contract from "./contract.ts";
import { endRequestHandler } from "./ending-actions.ts";
import { removal } from "./ending.ts";
import { evaluateHandler } from "./evaluating.ts";
import { explainHandlers } from "./explain-actions.ts";
import { planHandler } from "./plan-showing.ts";
import { requestHandlers } from "./requesting.ts";
import { reserveHandler } from "./reserving.ts";
import { compileSelector, viewOf } from "./view.ts";

const { dataInstance, dataReference, dataRequest, dataReservation } = contract;

export const orchestratorActions = [
  reserveHandler,
  evaluateHandler,
  planHandler,
  ...requestHandlers,
  endRequestHandler,
  ...explainHandlers,
  handle(contract.requestHistory, async ({ request: ref, limit = 50, cursor }, { store }: DataOrchestratorContext) => {
    const { id } = await resolve(store, dataRequest, ref);
    const upTo = cursor === undefined ? undefined : Number(openCursor(cursor));
    if (upTo !== undefined && !Number.isSafeInteger(upTo)) throw new InvalidCursor();
    const walk = rowsWithCursors(eventsAbout(dataRequest, id, { upTo, step: limit + 1 }, store));
    return pageOfMatches(walk, () => true, limit);
  }),
  ...lookupHandlers(dataRequest, contract.requestLookups),
  ...lookupHandlers(dataReference, contract.referenceLookups),
  ...lookupHandlers(dataReservation, contract.reservationLookups),
  handle(contract.findInstance, async ({ id }, { store }: DataOrchestratorContext) => resolve(store, dataInstance, id)),
  handle(
    contract.listInstances,
    async ({ selector = "", limit = 50, cursor }, context: DataOrchestratorContext, caller) => {
      const { store, scopes } = context;
      const reach = scopes.reachOf(caller, contract.listInstances.permission);
      const wanted = selector.trim() === "" ? undefined : compileSelector(selector);
      const isWanted = async (row: contract.DataInstance) =>
        (await reach.coversOwned(dataInstance, row)) &&
        (wanted === undefined || wanted.matches(viewOf(row, await store.get(device, row.device))));
      return pageOfMatches(store.walk(dataInstance, { cursor, reverse: true }), isWanted, limit);
    },
  ),
  handle(contract.destroyInstance, async ({ id }, context: DataOrchestratorContext) =>
    repeatOnConflict(async () => {
      const { store } = context;
      const row = await resolve(store, dataInstance, id);
      await store.commit(...(await removal(row, context)));
      return { ...row, state: "removed" as const };
    }),
  ),
];

async function* rowsWithCursors(events: AsyncIterable<DomainEvent>) {
  for await (const event of events) yield { row: { ...event }, cursor: makeCursor(String(event.number)) };
}
