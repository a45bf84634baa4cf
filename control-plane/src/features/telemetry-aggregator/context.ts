import type { PlatformContext } from "../../platform/context.ts";

export interface TelemetryContext extends PlatformContext {
  readonly telemetry: {
    /** Milliseconds that samples are kept after they arrived. */
    readonly retention: number;
    /** Milliseconds that the order of arrival is kept, for whoever passes samples on; absent when nobody does. */
    readonly arrivals?: number | undefined;
    /** Windows that are made beforehand, and for how long they are kept; absent: every query reads samples. */
    readonly windows?: WindowsOptions | undefined;
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
}
