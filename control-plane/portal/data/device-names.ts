import { useRead } from "./queries.ts";

/** What devices are called: names of the first of the fleet, ids of the others. What lies on no device lies in the centre. */
export function useDeviceNames(): (device: string) => string {
  const devices = useRead("cpl/dm/device/list", { limit: 500 });
  const names = new Map(devices.data?.items.map(({ id, name }) => [id, name]));
  return (device) => (device === "" ? "the centre" : (names.get(device) ?? device));
}
