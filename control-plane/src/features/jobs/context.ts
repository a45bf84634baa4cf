import type { PlatformContext } from "../../platform/context.ts";
import type { DeviceLink } from "../../platform/device-link.ts";
import type { Sealing } from "../../platform/sealing.ts";
import type { Signer } from "../../platform/signer.ts";
import type { Device } from "../devices/contract.ts";

/** When a second person has to approve what is dangerous. auto: where there is somebody else who could. */
export type ApprovalRule = "auto" | "always" | "never";

/** What is known of the people who may be asked. */
export interface Approvers {
  readonly rule: ApprovalRule;
  /** Whether an account other than this one may approve jobs for a device. */
  readonly hasOther: (device: Device, account: string | undefined, context: PlatformContext) => Promise<boolean>;
  readonly isActive: (account: string, context: PlatformContext) => Promise<boolean>;
}

export interface JobsContext extends PlatformContext {
  readonly link: DeviceLink;
  readonly signer: Signer;
  readonly authority: { readonly trustDomain: string };
  readonly approvers: Approvers;
  /** Which life of the control plane this is: 1, and one more after each restore from a backup. */
  readonly generation: () => number;
  /** Keeps the secrets of rollouts for devices whose turn has not come. Absent where none are kept. */
  readonly vault?: Sealing;
  /** Makes the key of a terminal that a command is to open, and gives our half of it, base64. Absent where none are opened. */
  readonly terminals?: { prepare(of: { readonly job: string; readonly command: string }): string };
  /**
   * Alerts of a device that began at an instant or later, milliseconds since 1970 UTC, in stable words. A comparison that asks for alerts
   * counts these beside what the device's own row tells; absent where no policy is watched.
   */
  readonly alertsOf?: (device: Device, since: number, context: PlatformContext) => Promise<readonly string[]>;
  /** How many dangerous commands of one kind one caller may ask for. Default: 60 a minute, 1,000 an hour. */
  readonly dangerousCaps?: { readonly perMinute: number; readonly perHour: number };
  /** How long jobs are kept after their end, milliseconds. */
  readonly retention?: { readonly jobs: number };
}
