import { unmoved, type Change } from "../../platform/change.ts";
import type { PoliciesContext } from "./context.ts";
import { policy, type Policy } from "./contract.ts";

/**
 * Goes with what opens an alert: by a policy that is another by now, or off, none is opened. Whoever commits it is refused then, looks again, and finds
 * the policy as it is. Without it an alert that opens after the last look of a sweep would stay for good.
 */
export async function stillSaid(row: Policy, { store, watch }: PoliciesContext): Promise<Change> {
  if ((await store.get(policy, row.id))?.version !== row.version) watch.forget();
  return unmoved(policy, row);
}
