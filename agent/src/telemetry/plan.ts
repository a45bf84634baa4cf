import { hostSources, type HostSource } from "../host/host.ts";
import type { DeadBand } from "./dead-band.ts";
import type { RollUpFunction } from "./roll-up.ts";

/** What is measured, how often, and what of it is sent. Durations are milliseconds. */
export interface TelemetryPlan {
  /** Intervals; a source that has none is not measured. */
  readonly sources: Readonly<Partial<Record<HostSource, number>>>;
  /** One row for so long in place of the samples in it; every sample when absent. */
  readonly resolution?: number;
  readonly rollUp: readonly RollUpFunction[];
  readonly deadBands: readonly DeadBand[];
}

/** Everything the host has, at one interval, every sample. */
export const everythingEvery = (interval: number): TelemetryPlan => ({
  sources: Object.fromEntries(hostSources.map((source) => [source, interval])),
  rollUp: [],
  deadBands: [],
});
