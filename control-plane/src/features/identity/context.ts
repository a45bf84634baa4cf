import type { Random } from "@edgemere/protocol/kit";
import type { PlatformContext } from "../../platform/context.ts";
import type { Passwords } from "./passwords.ts";

export interface IdentityContext extends PlatformContext {
  readonly random: Random;
  readonly passwords: Passwords;
  /** Of the control plane, as it shows itself. */
  readonly version: string;
}
