import type { Clock, Log } from "@edgemere/protocol/kit";
import type { Dispatch } from "./dispatch.ts";
import type { Store } from "./store.ts";

/** What every feature may use. A feature that needs more says so in its own Context. */
export interface PlatformContext {
  readonly store: Store;
  readonly clock: Clock;
  readonly log: Log;
  readonly newId: () => string;
  /** Asks another feature, as the caller in whose name this happens. */
  readonly dispatch: Dispatch;
}
