import type { Env } from "@edgemere/protocol/kit";
import type { Thinning } from "./thin.ts";

export interface SpoolParts {
  readonly env: Env;
  /** All streams together never take more than this. */
  readonly maxBytes: number;
  /** Room on the file system below which telemetry and output are not kept; a share of its size when absent. */
  readonly freeBytes?: number;
  /** Old telemetry stays whole when absent. */
  readonly thin?: Thinning;
  /** The period of the device's clock that records made now belong to. */
  readonly clockPeriod?: () => number;
}
