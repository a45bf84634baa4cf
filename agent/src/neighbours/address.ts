import type { NeighbourConfig } from "../config-files.ts";
import type { Host } from "../host/host.ts";

/** A host whose inventory says where it gives data to devices on the same site. */
export const hostThatGives = (host: Host, { address }: NeighbourConfig): Pick<Host, "inventory"> => ({
  inventory: async () => [...(await host.inventory()), { name: "neighbour.address", value: address.text }],
});
