import type { PlatformContext } from "../../platform/context.ts";
import type { Keys } from "../../platform/signer.ts";

export interface ReleasesContext extends PlatformContext {
  readonly keys: Pick<Keys, "trust">;
}
