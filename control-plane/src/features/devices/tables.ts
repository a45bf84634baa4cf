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

/** Who used a token, a row of its own for each: with thousands of uses the token's own row would be written anew with all of them. */
interface TokenUse {
  /** The token and the SHA-256 of the public key that used it: a lost answer may be asked for again with the same key. */
  readonly id: string;
  readonly device: string;
}
export const tokenUses = table<TokenUse>("enrolmenttokenuse");

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
