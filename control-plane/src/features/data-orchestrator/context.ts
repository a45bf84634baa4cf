import type { PlatformContext } from "../../platform/context.ts";
import type { PlacementPolicy } from "./placement-contract.ts";

/** What the data orchestrator needs beside the platform. */
export interface DataOrchestratorContext extends PlatformContext {
  /** Who decides what may be left, copied, moved, cached or refused. Default: what `declaredPolicy` says. */
  readonly placementPolicy?: PlacementPolicy;
}
