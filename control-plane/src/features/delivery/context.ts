import type { PlatformContext } from "../../platform/context.ts";
import type { DeviceLink } from "../../platform/device-link.ts";

export interface DeliveryContext extends PlatformContext {
  readonly link: DeviceLink;
  /** How long what agents noted is kept, milliseconds. */
  readonly retention?: { readonly events: number };
}
