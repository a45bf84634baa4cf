import { handle } from "../../platform/action.ts";
import { created, moved, type Change } from "../../platform/change.ts";
import type { PlatformContext } from "../../platform/context.ts";
import { resolve } from "../../platform/reference.ts";
import { repeatOnConflict } from "../../platform/repeat.ts";
import type { Store } from "../../platform/store.ts";
import { data, dataSource, type Data } from "../data-catalogue/contract.ts";
import { heldBytes } from "./capacity.ts";
import { choose, type Candidate, type Verdict } from "./choice.ts";
import {
  dataInstance,
  dataRequest,
  dataReservation,
  evaluate,
  type DataInstance,
  type DataRequest,
} from "./contract.ts";
import { advance, failing, instancesOf } from "./ending.ts";

// Verdicts of one commit: each lands with its instance and the capacity it frees.
const STEP = 100;

/** Decides every reservation of a request and makes an instance of each that is confirmed. */
export const evaluateHandler = handle(evaluate, async ({ request: ref }, context: PlatformContext) =>
  repeatOnConflict(async () => {
    const { store } = context;
    const request = await resolve(store, dataRequest, ref);
    dataRequest.life.next(request.state, "evaluate");
    const verdicts = choose(await candidatesOf(request, store), request.purpose);
    for (let i = 0; i < verdicts.length; i += STEP) await carryOut(request, verdicts.slice(i, i + STEP), context);

    const instances = await instancesOf(request, store);
    const refusal = instances.length === 0 ? refusalOf(verdicts) : undefined;
    await store.commit(
      ...(refusal === undefined ? [moved(dataRequest, request, "evaluate")] : await failing(request, refusal, store)),
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
    candidates.push({ reservation, data: await store.get(data, reservation.data) });
  return candidates;
}

const refusalOf = ([first]: readonly Verdict[]): string =>
  first === undefined
    ? "what was held for it expired before it was decided; ask again"
    : `none of the data that was held can be used: ${first.reason}`;

async function carryOut(request: DataRequest, verdicts: readonly Verdict[], context: PlatformContext): Promise<void> {
  const { store } = context;
  const changes = await Promise.all(verdicts.map((verdict) => changesOf(verdict, request, context)));
  const freed = verdicts.map(({ reservation: { source, cost } }) => ({ source, bytes: -cost.bytes }));
  await store.commit(...changes.flat(), ...(await heldBytes(freed, store)));
}

async function changesOf(
  { reservation, data, signal, decision, reason }: Verdict,
  request: DataRequest,
  { store, newId }: PlatformContext,
): Promise<readonly Change[]> {
  const change = moved(dataReservation, reservation, signal, { decision, reason });
  if (signal === "reject" || data === undefined) return [change];
  const path = await pathOf(data, store);
  return [change, ...leftInPlace(newId(), data, path, request)];
}

/** Data that is used where it lies is ready at once. */
function leftInPlace(id: string, { id: dataId, name, device, hash, bytes }: Data, path: string, request: DataRequest) {
  const { reference } = request;
  const draft = {
    name,
    ...(reference !== undefined && { reference }),
    request: request.id,
    data: dataId,
    device,
    path,
    hash,
    bytes,
  };
  // The row as the first change leaves it, for the second one to go on from.
  const placing: DataInstance = { ...draft, id, state: "placing", version: 1, createdAt: 0, updatedAt: 0 };
  return [created(dataInstance, id, draft), moved(dataInstance, placing, "place")];
}

async function pathOf({ source, name }: Data, store: Store): Promise<string> {
  const { path = "" } = (await store.get(dataSource, source)) ?? {};
  return `${path.replace(/\/+$/, "")}/${name}`;
}
