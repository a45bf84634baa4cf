import { handle } from "../../platform/action.ts";
import { moved, type Change } from "../../platform/change.ts";
import { resolve } from "../../platform/reference.ts";
import { repeatOnConflict } from "../../platform/repeat.ts";
import type { Store } from "../../platform/store.ts";
import { data, dataSource } from "../data-catalogue/contract.ts";
import { bookings, type Entry } from "./capacity.ts";
import { choose, shortage, type Candidate, type Verdict } from "./choice.ts";
import type { DataOrchestratorContext } from "./context.ts";
import { dataRequest, dataReservation, evaluate, type DataRequest } from "./contract.ts";
import { advance, failing, instancesOf } from "./ending.ts";
import { leftInPlace, toBePlaced } from "./instances.ts";
import { declaredPolicy } from "./placement-policy.ts";
import { totalOf } from "./planning.ts";
import { isPlaced } from "./survey.ts";
import { woken } from "./tables.ts";

// Verdicts of one commit: each lands with its instance and the room it takes or gives back.
const STEP = 100;

/** Decides every reservation of a request and makes an instance of each that is confirmed. */
export const evaluateHandler = handle(evaluate, async ({ request: ref }, context: DataOrchestratorContext) =>
  repeatOnConflict(async () => {
    const { store } = context;
    const request = await resolve(store, dataRequest, ref);
    dataRequest.life.next(request.state, "evaluate");
    const candidates = await candidatesOf(request, store);
    const verdicts = await verdictsOn(candidates, request, context);
    for (let i = 0; i < verdicts.length; i += STEP) await carryOut(request, verdicts.slice(i, i + STEP), context);

    const instances = await instancesOf(request, store);
    const refusal = instances.length === 0 ? refusalOf(verdicts) : undefined;
    const chosen = new Set(verdicts.flatMap(({ reservation: { id }, signal }) => (signal === "confirm" ? [id] : [])));
    const confirmed = candidates.filter(({ reservation: { id, state } }) => state === "confirmed" || chosen.has(id));
    const cost = totalOf(confirmed.map(({ reservation }) => reservation));
    await store.commit(
      ...(refusal === undefined
        ? [moved(dataRequest, request, "evaluate", { cost }), ...woken(request.id)]
        : await failing(request, refusal, store)),
    );
    const decided = await resolve(store, dataRequest, request.id);
    if (decided.state === "evaluated") await advance(decided, context);
    const { state } = await resolve(store, dataRequest, request.id);
    return { request: request.id, state, instances: instances.length };
  }),
);

async function candidatesOf(request: DataRequest, store: Store): Promise<readonly Candidate[]> {
  const candidates: Candidate[] = [];
  for await (const reservation of store.scan(dataReservation, { index: "request", prefix: [request.id] }))
    candidates.push({
      reservation,
      data: await store.get(data, reservation.data),
      target: reservation.target === undefined ? undefined : await store.get(dataSource, reservation.target),
    });
  return candidates;
}

/** Where data is wanted in certain places it is all or nothing: too few copies are refused before a byte moves. */
async function verdictsOn(
  candidates: readonly Candidate[],
  { purpose, author }: DataRequest,
  context: DataOrchestratorContext,
): Promise<readonly Verdict[]> {
  const { placementPolicy = declaredPolicy } = context;
  const policy = await placementPolicy(context);
  const verdicts = choose(candidates, purpose, (piece, target) =>
    policy({ data: piece, target, use: purpose.use, author }),
  );
  const short = isPlaced(purpose) ? shortage(verdicts, candidates, purpose.copies) : undefined;
  if (short === undefined) return verdicts;
  return verdicts.map((each) => ({ ...each, signal: "reject", decision: "refuse", reason: short }));
}

const refusalOf = ([first]: readonly Verdict[]): string =>
  first === undefined
    ? "what was held for it expired before it was decided; ask again"
    : `none of the data that was held can be used: ${first.reason}`;

async function carryOut(
  request: DataRequest,
  verdicts: readonly Verdict[],
  context: DataOrchestratorContext,
): Promise<void> {
  const { store } = context;
  const changes = await Promise.all(verdicts.map((verdict) => changesOf(verdict, request, context)));
  const entries = verdicts.flatMap(({ target, signal, decision, reservation: { cost } }): Entry[] =>
    target === undefined
      ? []
      : [{ source: target.id, booking: takesRoom({ signal, decision }) ? "confirm" : "withdraw", bytes: cost.bytes }],
  );
  await store.commit(...changes.flat(), ...(await bookings(entries, store)));
}

/** What is mounted needs no room, whatever was held for it. */
const takesRoom = ({ signal, decision }: Pick<Verdict, "signal" | "decision">): boolean =>
  signal === "confirm" && decision !== "mount";

async function changesOf(
  { reservation, data: piece, target, signal, decision, reason }: Verdict,
  request: DataRequest,
  context: DataOrchestratorContext,
): Promise<readonly Change[]> {
  const { store, newId } = context;
  const change = moved(dataReservation, reservation, signal, { decision, reason });
  if (signal === "reject" || piece === undefined) return [change];
  if (target !== undefined) return [change, await toBePlaced(newId(), { piece, target, decision, request }, context)];
  const folder = (await store.get(dataSource, piece.source))?.path ?? "";
  return [change, ...(await leftInPlace(newId(), { piece, folder, request }, store))];
}
