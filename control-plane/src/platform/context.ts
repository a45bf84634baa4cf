import type { Clock, Log } from "@edgemere/protocol/kit";
import type { AnyAction } from "./action.ts";
import type { Admit } from "./admission.ts";
import type { Dispatch } from "./dispatch.ts";
import type { Scopes } from "./scopes.ts";
import type { Store } from "./store.ts";
import type { Turns } from "./turns.ts";

/** What every feature may use. A feature that needs more says so in its own Context. */
export interface PlatformContext {
  readonly store: Store;
  readonly clock: Clock;
  readonly log: Log;
  readonly newId: () => string;
  /** Tells for which devices a caller's permissions hold. */
  readonly scopes: Scopes;
  /** Asks another feature, as the caller in whose name this happens. */
  readonly dispatch: Dispatch;
  /** Tells whether what was asked for before may be done to one more device now. Dispatch asks by itself. */
  readonly admit: Admit;
  /** Of those who would move the same row one after another may, where many come at once. */
  readonly turns: Turns;
  /** Every action that there is. */
  readonly actions: readonly AnyAction[];
}
