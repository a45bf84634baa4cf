import { MINUTE } from "@edgemere/protocol/kit";
import { handle } from "../../platform/action.ts";
import type { Caller } from "../../platform/caller.ts";
import { created, moved } from "../../platform/change.ts";
import { resolve } from "../../platform/reference.ts";
import { repeatOnConflict } from "../../platform/repeat.ts";
import type { Store } from "../../platform/store.ts";
import { booked, bookings } from "./capacity.ts";
import { refusalOf } from "./conflict-words.ts";
import type { DataOrchestratorContext } from "./context.ts";
import { dataRequest, dataReservation, reserve, type DataRequest, type DataReservation } from "./contract.ts";
import { failing } from "./ending.ts";
import { nothing, plan, type PlanStep, type Surroundings } from "./planning.ts";
import { contentsOf, isPlaced, matchesOf, matchesRefusal, surroundingsOf } from "./survey.ts";

/** How long capacity is held for a request that is not decided. */
export const HELD_FOR = 5 * MINUTE;
// Reservations of one commit: a request of any size goes on where a crash stopped it.
const STEP = 100;

/** Holds what a request could use, and room where it is wanted: "selected", or "failed" with the reason. */
export const reserveHandler = handle(reserve, async ({ request: ref }, context: DataOrchestratorContext, caller) =>
  // Room may have gone to somebody else since it was looked at: then everything is looked at again.
  repeatOnConflict(async () => {
    const { store } = context;
    const request = await resolve(store, dataRequest, ref);
    // Refuses a request that is past this before anything is held for it.
    dataRequest.life.next(request.state, "select");
    const steps = await stepsFor(request, context, caller);
    if (typeof steps === "string") {
      await store.commit(...(await failing(request, steps, store)));
      return { request: request.id, state: "failed", reservations: 0 };
    }
    for (let i = 0; i < steps.length; i += STEP) await hold(request, steps.slice(i, i + STEP), context);
    await store.commit(moved(dataRequest, request, "select"));
    return { request: request.id, state: "selected", reservations: steps.length };
  }),
);

/** What is to be held, or why there is nothing: each match where it lies, or the plan's steps where data is wanted in certain places. */
async function stepsFor(
  request: DataRequest,
  context: DataOrchestratorContext,
  caller: Caller,
): Promise<readonly PlanStep[] | string> {
  const { query, purpose, author } = request;
  const matches = await matchesOf(query, context, caller);
  const refusal = matchesRefusal(matches, query);
  if (refusal !== undefined) return refusal;
  if (!isPlaced(purpose)) return matches.map((data) => ({ data, target: undefined, cost: nothing }));
  const contents = await contentsOf(matches, context.store);
  const wanted = { ...purpose, author };
  const world = withOwn(await surroundingsOf(wanted, contents, context), await heldFor(request, context.store));
  const planned = plan(contents, purpose, world);
  return "steps" in planned ? planned.steps : refusalOf(planned.conflict, { wish: purpose, wanted }, contents, world);
}

async function heldFor({ id }: DataRequest, store: Store): Promise<readonly DataReservation[]> {
  const held: DataReservation[] = [];
  for await (const row of store.scan(dataReservation, { index: "request", prefix: [id] }))
    if (row.state === "created") held.push(row);
  return held;
}

/** What a run that did not come to its end holds for this request stands in its own way no more than in that run. */
const withOwn = (world: Surroundings, held: readonly DataReservation[]): Surroundings => ({
  ...world,
  places: world.places.map((place) => {
    const own = held.flatMap(({ target, cost }) => (target === place.source.id ? [cost.bytes] : []));
    return {
      ...place,
      source: own.reduce((room, bytes) => booked(room, { booking: "withdraw", bytes }), place.source),
    };
  }),
});

/** A reservation's id follows from request, data and place, so that doing this twice holds once. */
async function hold(
  request: DataRequest,
  steps: readonly PlanStep[],
  { store, clock }: DataOrchestratorContext,
): Promise<void> {
  const idOf = ({ data, target }: PlanStep) => [request.id, data.id, target?.id].filter(Boolean).join("-");
  const held = await Promise.all(steps.map((each) => store.get(dataReservation, idOf(each))));
  const fresh = steps.filter((_, i) => held[i] === undefined);
  const reservations = fresh.map((step) =>
    created(dataReservation, idOf(step), {
      data: step.data.id,
      source: step.data.source,
      ...(step.target !== undefined && { target: step.target.id }),
      request: request.id,
      cost: step.cost,
      expiresAt: clock.now() + HELD_FOR,
      reason: "",
    }),
  );
  const offers = fresh.flatMap(({ target, cost: { bytes } }) =>
    target === undefined ? [] : [{ source: target.id, booking: "offer" as const, bytes }],
  );
  await store.commit(...reservations, ...(await bookings(offers, store)));
}
