import { destroyed, moved, type Change } from "../../platform/change.ts";
import type { PlatformContext } from "../../platform/context.ts";
import type { Store } from "../../platform/store.ts";
import {
  dataInstance,
  dataReference,
  dataRequest,
  dataReservation,
  type DataInstance,
  type DataRequest,
} from "./contract.ts";

const STEP = 100;

/** A request failed, and so did the reference that waits for it. */
export const failing = async (request: DataRequest, reason: string, store: Store): Promise<readonly Change[]> => [
  moved(dataRequest, request, "fail", { reason }),
  ...(await referenceChange(request, "fail", store)),
];

/** A request has all its data, and so has the reference that waits for it. */
const satisfying = async (request: DataRequest, now: number, store: Store): Promise<readonly Change[]> => [
  moved(dataRequest, request, "satisfy", { satisfiedAt: now, endsAt: now + request.purpose.lifetime }),
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
export async function advance(request: DataRequest, { store, clock }: PlatformContext): Promise<void> {
  const instances = await instancesOf(request, store);
  const lost = instances.find(({ state }) => state === "lost" || state === "stale");
  if (lost !== undefined || instances.length === 0) {
    await removeInstances(instances, store);
    const what = lost === undefined ? "everything that was chosen was removed" : `"${lost.name}" was ${lost.state}`;
    await store.commit(...(await failing(request, `${what} before all data was ready`, store)));
  } else if (instances.every(({ state }) => state === "ready")) {
    await store.commit(...(await satisfying(request, clock.now(), store)));
  }
}

/** Ends a satisfied request whose time is over; its instances go first. */
export async function complete(request: DataRequest, { store }: PlatformContext): Promise<void> {
  await removeInstances(await instancesOf(request, store), store);
  await store.commit(moved(dataRequest, request, "complete"));
}

/** Removed, and therefore no longer there: "datainstance.removed" and "datainstance.destroy". */
export function removal(instance: DataInstance): readonly Change[] {
  const gone = { ...instance, state: "removed", version: instance.version + 1 } as const;
  return [moved(dataInstance, instance, "remove"), destroyed(dataInstance, gone)];
}

async function removeInstances(instances: readonly DataInstance[], store: Store): Promise<void> {
  for (let i = 0; i < instances.length; i += STEP) await store.commit(...instances.slice(i, i + STEP).flatMap(removal));
}

/** Forgets a request that ended, and what was reserved for it; the request goes last. */
export async function forget(request: DataRequest, { store }: PlatformContext): Promise<void> {
  for (;;) {
    const { items } = await store.list(dataReservation, { index: "request", prefix: [request.id], limit: STEP });
    if (items.length === 0) break;
    await store.commit(...items.map((each) => destroyed(dataReservation, each)));
  }
  await store.commit(destroyed(dataRequest, request));
}
