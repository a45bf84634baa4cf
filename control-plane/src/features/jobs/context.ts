import type { PlatformContext } from "../../platform/context.ts";
import type { DeviceLink } from "../../platform/device-link.ts";
import type { Signer } from "../../platform/signer.ts";

export interface JobsContext extends PlatformContext {
  readonly link: DeviceLink;
  readonly signer: Signer;
  readonly authority: { readonly trustDomain: string };
  /** Which life of the control plane this is: 1, and one more after each restore from a backup. */
  readonly generation: () => number;
  /** How long jobs are kept after their end, milliseconds. */
  readonly retention?: { readonly jobs: number };
}
