import type { PlatformContext } from "../../platform/context.ts";
import { alert } from "./alert-contract.ts";

/**
 * The policies whose condition began to hold for a device at an instant or later, or what it needs to be missing; by their names. Also while
 * that is no surprise: a change that is compared with other devices is not excused by itself.
 */
export async function alertsBegun(
  { id }: { readonly id: string },
  since: number,
  { store }: Pick<PlatformContext, "store">,
): Promise<readonly string[]> {
  const names: string[] = [];
  for await (const row of store.scan(alert, { index: "device", prefix: [id] }))
    if (row.since >= since && row.state !== "pending") names.push(row.policy);
  return names;
}
