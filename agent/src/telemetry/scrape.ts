import { SECOND, type Clock } from "@edgemere/protocol/kit";
import type { HostNetwork } from "../host/host.ts";
import type { ExtraSource } from "./extra-sources.ts";
import { MetricsReader } from "./metrics-source.ts";
import { within } from "./within.ts";

const PATIENCE = 10 * SECOND;
const LONGEST_TEXT = 1024 ** 2;

/** A Prometheus endpoint of this host. */
export interface ScrapePlan {
  readonly name: string;
  /** Milliseconds. */
  readonly every: number;
  readonly url: string;
  /** Names of metrics that are taken, or their beginnings and `*`. */
  readonly allow: readonly string[];
}

/** Reads what the endpoint says at each time. */
export function scrape({ name, every, url, allow }: ScrapePlan, network: HostNetwork, clock: Clock): ExtraSource {
  const reader = new MetricsReader({ source: name, allow, clock });
  const fetch = (signal: AbortSignal) => network.fetchText(url, { maxBytes: LONGEST_TEXT, signal });
  return { name, every, read: async (signal) => reader.read(await within(PATIENCE, fetch, { clock, signal })) };
}
