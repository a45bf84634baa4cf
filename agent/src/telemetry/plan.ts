import type { Env } from "@edgemere/protocol/kit";
import { hostSources, type Host, type HostSource } from "../host/host.ts";
import type { DeadBand } from "./dead-band.ts";
import type { ExtraSource } from "./extra-sources.ts";
import { probes, type ProbePlan } from "./probes.ts";
import type { RollUpFunction } from "./roll-up.ts";
import { scrape, type ScrapePlan } from "./scrape.ts";
import { script, type ScriptPlan } from "./script.ts";

/** What is measured, how often, and what of it is sent. Durations are milliseconds. */
export interface TelemetryPlan {
  /** Intervals; a source that has none is not measured. */
  readonly sources: Readonly<Partial<Record<HostSource, number>>>;
  /** One row for so long in place of the samples in it; every sample when absent. */
  readonly resolution?: number;
  readonly rollUp: readonly RollUpFunction[];
  readonly deadBands: readonly DeadBand[];
  readonly probes?: ProbePlan;
  readonly scripts?: readonly ScriptPlan[];
  readonly scrapes?: readonly ScrapePlan[];
}

/** Everything the host has, at one interval, every sample. */
export const everythingEvery = (interval: number): TelemetryPlan => ({
  sources: Object.fromEntries(hostSources.map((source) => [source, interval])),
  rollUp: [],
  deadBands: [],
});

/** What a plan has measured beside the host, as far as the host lets it. */
export function extraSourcesOf(plan: TelemetryPlan | undefined, host: Host, env: Env): readonly ExtraSource[] {
  if (plan === undefined) return [];
  const { network } = host;
  const scripts = (plan.scripts ?? []).map((each) => script(each, host, env.clock));
  if (network === undefined) return scripts;
  const scrapes = (plan.scrapes ?? []).map((each) => scrape(each, network, env.clock));
  return [...(plan.probes === undefined ? [] : [probes(plan.probes, network, env)]), ...scripts, ...scrapes];
}
