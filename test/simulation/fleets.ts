import { availableParallelism } from "node:os";
import { Worker } from "node:worker_threads";
import type { FleetOptions, FleetSums } from "./fleet.ts";

const workerFile = new URL("./fleet-worker.js", import.meta.url);
// Young objects are most of what a simulation makes.
const resourceLimits = { maxYoungGenerationSizeMb: 96, maxOldGenerationSizeMb: 3_000 };

type Told = { readonly hour: number; readonly bytes: number } | { readonly sums: FleetSums };

/** The most memory that was in use, and what became of all fleets together. */
export interface FleetsRun {
  readonly sums: FleetSums;
  readonly mostBytes: number;
  readonly fleets: number;
}

/** Simulates a number of devices as one fleet per core, each with a control plane of its own, in a thread of its own. */
export async function simulateFleets(
  { devices, ...rest }: Omit<FleetOptions, "onHour">,
  {
    fleets = availableParallelism(),
    onHour = () => {},
  }: { readonly fleets?: number; readonly onHour?: (hour: number) => void } = {},
): Promise<FleetsRun> {
  let mostBytes = 0;
  const all = Array.from({ length: fleets }, (_, i) => {
    const own = Math.floor(devices / fleets) + (i < devices % fleets ? 1 : 0);
    const workerData = { ...rest, devices: own, seed: rest.seed + i };
    return new Promise<FleetSums>((resolve, reject) => {
      const worker = new Worker(workerFile, { workerData, resourceLimits });
      worker.on("error", reject);
      worker.on("message", (told: Told) => {
        if ("sums" in told) return resolve(told.sums);
        mostBytes = Math.max(mostBytes, told.bytes);
        if (i === 0) onHour(told.hour);
      });
    });
  });
  return { sums: (await Promise.all(all)).reduce(added), mostBytes, fleets };
}

const added = (one: FleetSums, other: FleetSums): FleetSums =>
  Object.fromEntries(
    Object.entries(one).map(([name, number]) => [name, (number as number) + other[name as keyof FleetSums]]),
  ) as unknown as FleetSums;
