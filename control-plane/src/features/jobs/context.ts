import type { SigningKey } from "@edgemere/protocol";
import type { PlatformContext } from "../../platform/context.ts";
import type { DeviceLink } from "../../platform/device-link.ts";

export interface JobsContext extends PlatformContext {
  readonly link: DeviceLink;
  /** Signs commands; its public half is in every device's keyring. */
  readonly signingKey: SigningKey;
  readonly authority: { readonly trustDomain: string };
  /** Which life of the control plane this is: 1, and one more after each restore from a backup. */
  readonly generation: () => number;
  /** How long jobs are kept after their end, milliseconds. */
  readonly retention?: { readonly jobs: number };
}
