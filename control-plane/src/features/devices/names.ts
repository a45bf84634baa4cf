import { replaced, type Change } from "../../platform/change.ts";
import { table } from "../../platform/resource.ts";
import type { Store } from "../../platform/store.ts";
import { device } from "./contract.ts";
import { freeName } from "./enrolment.ts";

/** One row for each name that was ever taken. Every taking moves it on, so that of two at the same moment one must look again. */
const takenNames = table<{ readonly id: string; readonly version: number }>("devicename");

/** What must land with the row that takes the name; undefined when a device has it. */
export async function takeName(store: Store, name: string): Promise<Change | undefined> {
  // Looked up first: a name that is taken between the two looks has moved on, and the taking fails with Conflict.
  const taking = await handOver(store, name);
  const { items } = await store.list(device, { index: "name", prefix: [name], limit: 1 });
  return items.length > 0 ? undefined : taking;
}

/** What must land when a name goes from the device that has it to another. */
export async function handOver(store: Store, name: string): Promise<Change> {
  const version = (await store.get(takenNames, name))?.version ?? 0;
  return replaced(takenNames, { id: name, version: version + 1 }, version);
}

/** A name like the proposed one that no device has, and what must land with the row that takes it. */
export async function freeNameLike(
  proposed: string,
  store: Store,
): Promise<{ readonly name: string; readonly taking: Change }> {
  const taken = new Set<string>();
  for (;;) {
    const name = freeName(proposed, (each) => taken.has(each));
    const taking = await takeName(store, name);
    if (taking !== undefined) return { name, taking };
    taken.add(name);
  }
}
