import { table } from "../../platform/resource.ts";
import type { Store } from "../../platform/store.ts";
import { CLOCK_WRONG } from "./clock.ts";
import type { Device } from "./contract.ts";
import type { FactChange } from "./inventory.ts";
import type { Sighting } from "./presence.ts";

/** How inventories changed: one row per fact and change. */
export const factChanges = table<FactChange & { readonly id: string; readonly device: string; readonly at: number }>(
  "factchange",
  {
    device: ({ device, id }) => [[device, id]],
    attribute: ({ device, attribute, id }) => [[device, attribute, id]],
  },
);

/** What is remembered of a device beside its row, because it changes often and is no news. */
export interface Trace extends Sighting {
  /** The device. */
  readonly id: string;
  readonly version: number;
  /** The period of its clock at the last Hello, and that clock's instant then: what it wrote before is older than what it said. */
  readonly clockPeriod: number;
  readonly saidAt: number;
  readonly isClockWrong: boolean;
}
export const traces = table<Trace>("devicetrace");

/** Version 0 where there is none yet. */
export const traceOf = async (store: Store, { id, sessionEpoch, presence, conditions }: Device): Promise<Trace> =>
  (await store.get(traces, id)) ?? {
    id,
    version: 0,
    sight: presence === "flapping" ? "offline" : presence,
    epoch: sessionEpoch,
    changes: [],
    clockPeriod: 0,
    saidAt: 0,
    isClockWrong: conditions?.includes(CLOCK_WRONG) === true,
  };
