import type { Env } from "@edgemere/protocol/kit";
import { hostSources, type Host, type HostSource } from "../host/host.ts";
import type { DeadBand } from "./dead-band.ts";
import type { ExtraSource } from "./extra-sources.ts";
import { probes, type ProbePlan } from "./probes.ts";
import type { RollUpFunction } from "./roll-up.ts";

/** What is measured, how often, and what of it is sent. Durations are milliseconds. */
export interface TelemetryPlan {
  /** Intervals; a source that has none is not measured. */
  readonly sources: Readonly<Partial<Record<HostSource, number>>>;
  /** One row for so long in place of the samples in it; every sample when absent. */
  readonly resolution?: number;
  readonly rollUp: readonly RollUpFunction[];
  readonly deadBands: readonly DeadBand[];
  readonly probes?: ProbePlan;
}

/** Everything the host has, at one interval, every sample. */
export const everythingEvery = (interval: number): TelemetryPlan => ({
  sources: Object.fromEntries(hostSources.map((source) => [source, interval])),
  rollUp: [],
  deadBands: [],
});

/** What a plan has measured beside the host, as far as the host lets it. */
export function extraSourcesOf(plan: TelemetryPlan | undefined, host: Host, env: Env): readonly ExtraSource[] {
  const { network } = host;
  return plan?.probes === undefined || network === undefined ? [] : [probes(plan.probes, network, env)];
}
