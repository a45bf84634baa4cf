import { unmoved, updated, type Change } from "../../platform/change.ts";
import { data, dataSource, type Data, type DataSource } from "../data-catalogue/contract.ts";
import { bookings, openBytes } from "./capacity.ts";
import type { DataOrchestratorContext } from "./context.ts";
import { dataRequest, type DataInstance, type DataRequest } from "./contract.ts";
import { leftInPlace, toBePlaced } from "./instances.ts";
import { declaredPolicy, hindrance } from "./placement-policy.ts";
import { isPlaced } from "./survey.ts";

/** Data that has changed since it was chosen, and where it is wanted. */
export interface Anew {
  readonly origin: Data;
  readonly target: DataSource;
  readonly decision: DataInstance["decision"];
  /** Why the policy does not let it be brought there. */
  readonly hindrance?: string | undefined;
}

/** What takes the place of an instance whose data has changed: the data as it is now, in the same place. Undefined: it did not change, or is gone. */
export async function anewFor(
  { data: id, source, hash, decision, holds }: DataInstance,
  { purpose, author }: DataRequest,
  context: DataOrchestratorContext,
): Promise<Anew | undefined> {
  const { store, placementPolicy = declaredPolicy } = context;
  const origin = await store.get(data, id);
  const target = await store.get(dataSource, source);
  if (origin?.state !== "available" || origin.hash === hash || target === undefined) return undefined;
  if (decision !== "leave" || holds === id) return { origin, target, decision };
  // What it was left as is a copy that somebody else had made: nobody brings that anew for this request.
  if (!isPlaced(purpose) || !target.takesData) return undefined;
  const answer = (await placementPolicy(context))({ data: origin, target, use: purpose.use, author });
  return { origin, target, decision: answer.decision, hindrance: hindrance(answer, origin, target) };
}

/** Why it cannot be brought once more; undefined where it can. */
export function refusalOfAnew(
  { origin, target, decision, hindrance: why }: Anew,
  { purpose, cost }: DataRequest,
): string | undefined {
  if (why !== undefined) return `"${origin.name}" has changed, and cannot be brought once more: ${why}`;
  if (decision === "leave" || decision === "mount") return undefined;
  const { bytes, money } = costAnew(origin, cost);
  const isTooMuch = bytes > (purpose.budget.bytes ?? Infinity) || money > (purpose.budget.money ?? Infinity);
  if (isTooMuch) return `"${origin.name}" has changed, and bringing it once more is more than the budget`;
  return origin.bytes > openBytes(target)
    ? `"${origin.name}" has changed, and has no room on "${target.name}" any more`
    : undefined;
}

type Cost = NonNullable<DataRequest["cost"]>;

/** What a request has cost with one more journey, at the price of those before. */
function costAnew({ bytes }: Data, before: Cost = { bytes: 0, money: 0, milliseconds: 0 }): Cost {
  const share = before.bytes === 0 ? 0 : bytes / before.bytes;
  return {
    bytes: before.bytes + bytes,
    money: before.money * (1 + share),
    milliseconds: Math.ceil(before.milliseconds * (1 + share)),
  };
}

/** The request is evaluated still, and waits for what is brought now. */
export async function broughtAnew(
  { origin, target, decision }: Anew,
  request: DataRequest,
  context: DataOrchestratorContext,
): Promise<readonly Change[]> {
  const { store, newId } = context;
  if (decision === "leave") return leftInPlace(newId(), { piece: origin, folder: target.path, request }, store);
  const brought = await toBePlaced(newId(), { piece: origin, target, decision, request }, context);
  // Nothing of it moves before it is read.
  if (decision === "mount") return [unmoved(dataRequest, request), brought];
  const entry = { source: target.id, bytes: origin.bytes };
  return [
    updated(dataRequest, request, { cost: costAnew(origin, request.cost) }),
    brought,
    ...(await bookings(
      [
        { ...entry, booking: "offer" },
        { ...entry, booking: "confirm" },
      ],
      store,
    )),
  ];
}
