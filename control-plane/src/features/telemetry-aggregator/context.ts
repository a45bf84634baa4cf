import type { Random } from "@edgemere/protocol/kit";
import type { PlatformContext } from "../../platform/context.ts";
import type { ChainedArrivals } from "./chained-arrivals.ts";
import type { Landings } from "./landings.ts";
import type { SeriesLists } from "./series-lists.ts";

export interface TelemetryContext extends PlatformContext {
  readonly random: Random;
  /** Which life of this control plane it is. */
  readonly generation: () => number;
  readonly telemetry: {
    /** Milliseconds that samples are kept after they arrived. */
    readonly retention: number;
    readonly seriesLists: SeriesLists;
    /** Who reported last, for whoever follows the newest values; absent: nobody can. */
    readonly landings?: Landings;
    /** Milliseconds that the order of arrival is kept, for whoever passes samples on; absent when nobody does. */
    readonly arrivals?: number | undefined;
    /** What children tell, for whoever hears samples as they come; absent: nobody does. */
    readonly chainedArrivals?: ChainedArrivals | undefined;
    /** Windows that are made beforehand, and for how long they are kept; absent: every query reads samples. */
    readonly windows?: WindowsOptions | undefined;
    /** Who this is among control planes that report to each other. */
    readonly chain?: ChainOptions;
    /** What of the fleet is told to whoever watches the control plane; nothing when absent. */
    readonly fleet?: {
      /** `x.*` stands for all metrics that begin with `x.`. */
      readonly metrics: readonly string[];
      /** Labels of devices that go with them. */
      readonly labels: readonly string[];
      /** Series at most. */
      readonly series: number;
    };
  };
}

/** Milliseconds each. */
export interface WindowsOptions {
  /** New samples are in the windows after so long. */
  readonly every: number;
  readonly keepMinutes: number;
  readonly keepHours: number;
  /** What the event device.stats tells of each device; absent: it is not told. */
  readonly stats?: StatsOptions | undefined;
}

export interface StatsOptions {
  /** Milliseconds; whole minutes that divide an hour. */
  readonly every: number;
  readonly metrics: readonly string[];
}

export interface ChainOptions {
  /** Id of this control plane. */
  readonly origin: string;
  /** Where the windows of its devices are reported to; absent: nowhere. */
  readonly parent?: Parent | undefined;
  /** Bytes that are kept of what a child tells, where nothing else is said of it. */
  readonly childRoom: number;
}

/** A control plane that takes reports. */
export interface Parent {
  /** Without credentials. */
  readonly url: string;
  /** Only these metrics, `x.*` for all that begin with `x.`; all when empty. */
  readonly metrics: readonly string[];
  /** Milliseconds after which what changed is reported again. */
  readonly every: number;
  /** Never throws: what goes wrong is an answer. */
  readonly post: (post: { readonly body: Uint8Array; readonly headers: Readonly<Record<string, string>> }) => Promise<{
    /** Of HTTP; 0 where none came. */
    readonly status: number;
    readonly text: string;
    /** Milliseconds that it asks for. */
    readonly retryAfter?: number;
    /** Nobody was asked to the end: the control plane stops. */
    readonly isGivenUp?: boolean;
  }>;
}
