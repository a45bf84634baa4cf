import type { PlatformContext } from "../../platform/context.ts";
import type { Watch } from "./watch.ts";

/** What is known of who has an account. */
export interface KnownAccount {
  readonly isActive: boolean;
  readonly roles: readonly string[];
  readonly permissions: readonly string[];
}

export interface PoliciesContext extends PlatformContext {
  /** Undefined where there is no such account. Absent: nobody has one. */
  readonly accountOf?: (account: string, context: PlatformContext) => Promise<KnownAccount | undefined>;
  /** What policies look at, as it is now. */
  readonly watch: Watch;
}
