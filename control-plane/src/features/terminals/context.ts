import type { DeviceLink } from "../../platform/device-link.ts";
import type { PlatformContext } from "../../platform/context.ts";
import type { TerminalGateway } from "./gateway.ts";

export interface TerminalsContext extends PlatformContext {
  readonly link: DeviceLink;
  readonly terminals: TerminalGateway;
  /** How long recordings are kept after their end, milliseconds. */
  readonly retention?: { readonly recordings?: number };
}
