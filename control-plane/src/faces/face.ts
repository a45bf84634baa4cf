import type { Clock, Log } from "@edgemere/protocol/kit";
import type { AnyAction } from "../platform/action.ts";
import type { Authenticate } from "../platform/caller.ts";
import type { Dispatch } from "../platform/dispatch.ts";
import type { Counter } from "../platform/figures.ts";
import type { Health } from "../platform/health.ts";
import type { AnyResource } from "../platform/resource.ts";
import type { Scopes } from "../platform/scopes.ts";
import type { Store } from "../platform/store.ts";
import type { TerminalDoor } from "../platform/terminal-door.ts";

/** All that a face knows: what may be asked, how to ask it, who asks, and the log of events. It knows no feature. */
export interface FaceParts {
  readonly actions: readonly AnyAction[];
  readonly resources: readonly AnyResource[];
  readonly dispatch: Dispatch;
  readonly authenticate: Authenticate;
  readonly store: Store;
  readonly scopes: Scopes;
  readonly clock: Clock;
  readonly newId: () => string;
  readonly log: Log;
  readonly version: string;
  /** Origins whose pages may use cookies here beside the server's own, such as `https://edgemere.example`. */
  readonly origins: readonly string[];
  readonly health: () => Health;
  /** Terminals that callers have asked for; absent where there are none. */
  readonly terminals?: TerminalDoor;
  /** Counts answers by listener and status. */
  readonly responses?: Counter;
  /** Counts what was refused by listener and reason: the type of the problem, or why there was no request to answer. */
  readonly refusals?: Counter;
}
