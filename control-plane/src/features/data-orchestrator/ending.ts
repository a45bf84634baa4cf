import { destroyed, moved, type Change } from "../../platform/change.ts";
import type { Store } from "../../platform/store.ts";
import { data } from "../data-catalogue/contract.ts";
import { anewFor, broughtAnew, refusalOfAnew } from "./bringing-anew.ts";
import { bookings, releaseOf } from "./capacity.ts";
import type { DataOrchestratorContext } from "./context.ts";
import {
  dataInstance,
  dataReference,
  dataRequest,
  dataReservation,
  type DataInstance,
  type DataRequest,
} from "./contract.ts";
import { droppingOf } from "./dropping.ts";
import { dueOf } from "./instances.ts";
import { mayReadNoMore } from "./mounting.ts";
import { woken } from "./tables.ts";

const STEP = 100;

/** A request failed, and so did the reference that waits for it. */
export const failing = async (request: DataRequest, reason: string, store: Store): Promise<readonly Change[]> => [
  moved(dataRequest, request, "fail", { reason }),
  ...(await referenceChange(request, "fail", store)),
];

/** A request has all its data, and so has the reference that waits for it. */
const satisfying = async (request: DataRequest, now: number, store: Store): Promise<readonly Change[]> => [
  moved(dataRequest, request, "satisfy", { satisfiedAt: now, endsAt: now + request.purpose.lifetime }),
  ...woken(request.id),
  ...(await referenceChange(request, "provision", store)),
];

async function referenceChange({ reference }: DataRequest, signal: "provision" | "fail", store: Store) {
  const row = reference === undefined ? undefined : await store.get(dataReference, reference);
  return row && dataReference.life.can(row.state, signal) ? [moved(dataReference, row, signal)] : [];
}

export async function instancesOf(request: DataRequest, store: Store): Promise<readonly DataInstance[]> {
  const instances: DataInstance[] = [];
  for await (const each of store.scan(dataInstance, { index: "request", prefix: [request.id] })) instances.push(each);
  return instances;
}

/** Takes an evaluated request as far as its instances allow; safe to repeat. */
export async function advance(request: DataRequest, context: DataOrchestratorContext): Promise<void> {
  const { store, clock } = context;
  const instances = await instancesOf(request, store);
  const over = instances.find(({ state }) => state === "lost" || state === "stale");
  const anew = over && (await anewFor(over, request, context));
  if (over !== undefined && anew !== undefined && refusalOfAnew(anew, request) === undefined) {
    // One at a time; the next look finds the others.
    await store.commit(...(await removal(over, context)), ...(await broughtAnew(anew, request, context)));
  } else if (over !== undefined || instances.length === 0) {
    const why = anew === undefined ? undefined : refusalOfAnew(anew, request);
    await giveUp(request, why ?? whyOver(over), context);
  } else if (await areReady(instances, store)) {
    await store.commit(...(await satisfying(request, clock.now(), store)));
  }
}

/** What has become ready of data that had changed by then is not what is wanted: whoever follows data says so in a moment. */
async function areReady(instances: readonly DataInstance[], store: Store): Promise<boolean> {
  if (!instances.every(({ state }) => state === "ready")) return false;
  for (const each of instances) if ((await dueOf(each, store)) !== undefined) return false;
  return true;
}

function whyOver(over: DataInstance | undefined): string {
  const what =
    over === undefined
      ? "everything that was chosen was removed"
      : `"${over.name}" was ${over.state}${over.cause === "" ? "" : ` (${over.cause})`}`;
  return `${what} before all data was ready`;
}

/** Ends a satisfied request: its time is over, or there is a reason to end it before. */
export const complete = (request: DataRequest, context: DataOrchestratorContext, reason = ""): Promise<void> =>
  ended(request, [moved(dataRequest, request, "complete", { reason })], context);

/** Ends an evaluated request that will not have its data. */
export const giveUp = async (request: DataRequest, reason: string, context: DataOrchestratorContext): Promise<void> =>
  ended(request, await failing(request, reason, context.store), context);

/** Its instances go first: whoever is cut off in between finds it again. */
async function ended(request: DataRequest, end: readonly Change[], context: DataOrchestratorContext): Promise<void> {
  const { store } = context;
  await removeInstances(await instancesOf(request, store), context);
  await store.commit(...end);
  // What was begun while they went; nothing is begun for what has ended.
  await removeInstances(await instancesOf(request, store), context);
}

/**
 * Removed, and therefore no longer there: "datainstance.removed" and "datainstance.destroy". The room that it was promised
 * is free again, and a copy that was made for it is taken away. What was moved stays: it lies nowhere else.
 */
export async function removal(instance: DataInstance, context: DataOrchestratorContext): Promise<readonly Change[]> {
  const { store } = context;
  const { state, decision, source, device, path, hash, holds } = instance;
  const gone = { ...instance, state: "removed", version: instance.version + 1 } as const;
  const isMounted = decision === "mount";
  const isOurs = isMounted || decision === "copy" || decision === "cache";
  const held = holds === undefined ? undefined : await store.get(data, holds);
  const isLeftover = decision === "leave" && (held?.lineage?.data ?? "") !== "" && held?.state !== "removed";
  const name = held?.name ?? path.slice(path.lastIndexOf("/") + 1);
  return [
    moved(dataInstance, instance, "remove"),
    destroyed(dataInstance, gone),
    ...woken(instance.request),
    ...(state === "placing" ? await bookings([releaseOf(instance)], store) : []),
    ...(isOurs || isLeftover
      ? [droppingOf({ device, source, path: name, hash, copyOf: instance.data, isMounted }, context)]
      : []),
    ...(isMounted ? await mayReadNoMore(instance, store) : []),
  ];
}

async function removeInstances(instances: readonly DataInstance[], context: DataOrchestratorContext): Promise<void> {
  // One at a time: two of them may give back room on one source.
  for (const each of instances) await context.store.commit(...(await removal(each, context)));
}

/** Forgets a request that ended, and what was reserved for it; the request goes last. */
export async function forget(request: DataRequest, { store }: DataOrchestratorContext): Promise<void> {
  for (;;) {
    const { items } = await store.list(dataReservation, { index: "request", prefix: [request.id], limit: STEP });
    if (items.length === 0) break;
    await store.commit(...items.map((each) => destroyed(dataReservation, each)));
  }
  await store.commit(destroyed(dataRequest, request));
}
