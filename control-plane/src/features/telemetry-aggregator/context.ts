import type { PlatformContext } from "../../platform/context.ts";

export interface TelemetryContext extends PlatformContext {
  readonly telemetry: {
    /** Milliseconds that samples are kept after they arrived. */
    readonly retention: number;
  };
}
