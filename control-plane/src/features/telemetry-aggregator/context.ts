import type { PlatformContext } from "../../platform/context.ts";

export interface TelemetryContext extends PlatformContext {
  readonly telemetry: {
    /** Milliseconds that samples are kept after they arrived. */
    readonly retention: number;
    /** Milliseconds that the order of arrival is kept, for whoever passes samples on; absent when nobody does. */
    readonly arrivals?: number | undefined;
  };
}
