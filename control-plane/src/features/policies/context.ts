import type { PlatformContext } from "../../platform/context.ts";
import type { Watch } from "./watch.ts";

export interface PoliciesContext extends PlatformContext {
  /** What policies look at, as it is now. */
  readonly watch: Watch;
}
