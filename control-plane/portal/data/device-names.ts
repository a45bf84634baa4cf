import { useRead } from "./queries.ts";

/** What devices are called: names of the first of the fleet, ids of the others. */
export function useDeviceNames(): (device: string) => string {
  const devices = useRead("cpl/dm/device/list", { limit: 500 });
  const names = new Map(devices.data?.items.map(({ id, name }) => [id, name]));
  return (device) => names.get(device) ?? device;
}
