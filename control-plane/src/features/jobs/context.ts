import type { SigningKey } from "@edgemere/protocol";
import type { PlatformContext } from "../../platform/context.ts";
import type { DeviceLink } from "../../platform/device-link.ts";

export interface JobsContext extends PlatformContext {
  readonly link: DeviceLink;
  /** Signs commands; its public half is in every device's keyring. */
  readonly signingKey: SigningKey;
  readonly authority: { readonly trustDomain: string };
}
