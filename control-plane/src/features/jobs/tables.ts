import { replaced } from "../../platform/change.ts";
import { table } from "../../platform/resource.ts";
import type { Store } from "../../platform/store.ts";

/**
 * The number before the first that a life of the control plane gives out: far above all that a former one may have
 * given after the backup was made that it was restored from.
 */
const firstOf = (generation: number): number => (generation - 1) * 2 ** 32;

/** The number of a device's next command, with the change that takes it. */
export async function nextNumber(store: Store, device: string, generation: number) {
  const counter = await store.get(counters, device);
  const sequence = Math.max(counter?.last ?? 0, firstOf(generation)) + 1;
  const row = { id: device, version: (counter?.version ?? 0) + 1, last: sequence };
  return { sequence, change: replaced(counters, row, counter?.version ?? 0) };
}

/** The last command number given out, per device: numbers are contiguous, so that a held-back command is seen. */
export const counters = table<{ readonly id: string; readonly version: number; readonly last: number }>(
  "commandcounter",
);
