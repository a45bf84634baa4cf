import type { PlatformContext } from "../../platform/context.ts";
import type { DeviceLink } from "../../platform/device-link.ts";
import type { Keys } from "../../platform/signer.ts";

export interface KeysContext extends PlatformContext {
  readonly link: DeviceLink;
  readonly keys: Keys;
}
