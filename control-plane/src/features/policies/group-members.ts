import { aggregatedDevice } from "../telemetry-aggregator/contract.ts";
import type { PoliciesContext } from "./context.ts";
import type { Policy } from "./contract.ts";
import { perOf } from "./per.ts";

/** The selector of the aggregated device that a policy is about; undefined where it is about none, or where that one is gone or disabled. */
export async function memberSelectorOf(
  { per: word }: Pick<Policy, "per">,
  { store }: Pick<PoliciesContext, "store">,
): Promise<string | undefined> {
  const per = perOf(word);
  if (per.of !== "adevice") return undefined;
  const row = await store.get(aggregatedDevice, per.name);
  return row?.state === "enabled" ? row.selector : undefined;
}
