import { gauge, type Family } from "../../platform/figures.ts";
import { statesOf } from "../../platform/resource.ts";
import { device, presences } from "./contract.ts";
import type { DevicesContext } from "./context.ts";

/** How many devices there are, by what they are and by whether they are there. Reads no row. */
export async function deviceFigures({ store }: DevicesContext): Promise<readonly Family[]> {
  const counts = statesOf(device).flatMap((state) =>
    presences.map(
      async (presence) =>
        [{ state, presence }, await store.count(device, { index: "life", prefix: [state, presence] })] as const,
    ),
  );
  return [gauge({ name: "edgemere_devices", help: "Devices by state and presence" }, await Promise.all(counts))];
}
