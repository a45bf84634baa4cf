import type { PoliciesContext } from "./context.ts";
import type { Device } from "../devices/contract.ts";
import { devicePacks, deviceWords, type DeviceWords } from "./device-packs-tables.ts";
import { isOnDevice, type WatchedPolicy } from "./watched-policy.ts";

const CAPABILITY = "command:policy.pack";

export const canWatch = ({ agent }: Pick<Device, "agent">): boolean => agent.capabilities.includes(CAPABILITY);

/** The words of a device that decides by itself about those of some policies that are to run there; undefined where the centre decides. */
export async function decidingDevice(
  row: Pick<Device, "id" | "agent">,
  policies: readonly WatchedPolicy[],
  { store }: PoliciesContext,
): Promise<(Pick<DeviceWords, "policies"> & { readonly heardAt?: number }) | undefined> {
  if (!canWatch(row) || !policies.some((each) => isOnDevice(each.row))) return undefined;
  // One that does not take what it is to watch is watched from here.
  if ((await store.get(devicePacks, row.id))?.refused !== undefined) return undefined;
  return (await store.get(deviceWords, row.id)) ?? { policies: {} };
}
