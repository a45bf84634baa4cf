import type { Offer } from "../../platform/feature.ts";
import { identityOf } from "./certificate-life.ts";
import { device } from "./contract.ts";
import type { DevicesContext } from "./context.ts";

/** What a device is told of its own identity, with each Sync and signed. */
export async function offers(id: string, { store }: DevicesContext): Promise<Offer> {
  const row = await store.get(device, id);
  const { number, copiesUpTo } = identityOf(row ?? {});
  return {
    ids: [],
    commands: [],
    cancelled: [],
    latestSequence: 0,
    more: false,
    isRetired: row?.state === "retired",
    // Of two that hold the same certificate after a split, the first to renew it is the original.
    mustRenew: row?.state === "active" && number <= copiesUpTo,
  };
}
