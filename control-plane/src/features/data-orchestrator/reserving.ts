import { MINUTE } from "@edgemere/protocol/kit";
import { handle, type OutputOf } from "../../platform/action.ts";
import type { Caller } from "../../platform/caller.ts";
import { created, moved } from "../../platform/change.ts";
import type { PlatformContext } from "../../platform/context.ts";
import { resolve } from "../../platform/reference.ts";
import { repeatOnConflict } from "../../platform/repeat.ts";
import { queryData, type Data } from "../data-catalogue/contract.ts";
import { heldBytes } from "./capacity.ts";
import { dataRequest, dataReservation, reserve, type DataRequest } from "./contract.ts";
import { failing } from "./ending.ts";

/** How long capacity is held for a request that is not decided. */
const HELD_FOR = 5 * MINUTE;
const MATCHES_AT_MOST = 10_000;
// Reservations of one commit: a request of any size goes on where a crash stopped it.
const STEP = 100;

/** Holds every match of a request's query: "selected", or "failed" with the reason. */
export const reserveHandler = handle(reserve, async ({ request: ref }, context: PlatformContext, caller) => {
  const { store } = context;
  const request = await resolve(store, dataRequest, ref);
  // Refuses a request that is past this before anything is held for it.
  dataRequest.life.next(request.state, "select");
  const matches = await matchesOf(request, context, caller);
  const refusal = refusalOf(matches.length, request);
  if (refusal === undefined)
    for (let i = 0; i < matches.length; i += STEP) await hold(request, matches.slice(i, i + STEP), context);

  await repeatOnConflict(async () => {
    const row = await resolve(store, dataRequest, request.id);
    await store.commit(
      ...(refusal === undefined ? [moved(dataRequest, row, "select")] : await failing(row, refusal, store)),
    );
  });
  return {
    request: request.id,
    state: refusal === undefined ? "selected" : "failed",
    reservations: refusal === undefined ? matches.length : 0,
  };
});

/** Everything the catalogue finds and that can be reached; one more than may be held when there is more. */
async function matchesOf(
  request: DataRequest,
  { dispatch }: PlatformContext,
  caller: Caller,
): Promise<readonly Data[]> {
  const matches: Data[] = [];
  let cursor: string | undefined;
  do {
    const input = { expression: request.query, limit: 500, cursor };
    const page = (await dispatch(queryData.path, input, caller)) as OutputOf<typeof queryData>;
    matches.push(...page.items.filter(({ state }) => state === "available"));
    cursor = page.next;
  } while (cursor !== undefined && matches.length <= MATCHES_AT_MOST);
  return matches;
}

function refusalOf(matches: number, { query }: DataRequest): string | undefined {
  if (matches === 0) return `no data that can be reached matches ${query}`;
  if (matches > MATCHES_AT_MOST) return `more than ${MATCHES_AT_MOST} pieces of data match ${query}; narrow it down`;
  return undefined;
}

/** A reservation's id follows from request and data, so that doing this twice holds once. */
async function hold(request: DataRequest, matches: readonly Data[], { store, clock }: PlatformContext): Promise<void> {
  await repeatOnConflict(async () => {
    const idOf = ({ id }: Data) => `${request.id}-${id}`;
    const held = await Promise.all(matches.map((each) => store.get(dataReservation, idOf(each))));
    const fresh = matches.filter((_, i) => held[i] === undefined);
    const reservations = fresh.map((each) =>
      created(dataReservation, idOf(each), {
        data: each.id,
        source: each.source,
        request: request.id,
        cost: { bytes: each.bytes, money: 0, milliseconds: 0 },
        expiresAt: clock.now() + HELD_FOR,
        reason: "",
      }),
    );
    await store.commit(
      ...reservations,
      ...(await heldBytes(
        fresh.map(({ source, bytes }) => ({ source, bytes })),
        store,
      )),
    );
  });
}
