import type { SigningKey } from "@edgemere/protocol";
import type { Random } from "@edgemere/protocol/kit";
import type { Audit } from "../../platform/audit.ts";
import type { AuditCopy } from "../../platform/audit-copy.ts";
import type { PlatformContext } from "../../platform/context.ts";
import type { DeviceLink } from "../../platform/device-link.ts";
import type { Settings } from "./fleet.ts";

/** What the audit log is kept with. */
export interface Auditing {
  /** Signs heads, and nothing else. */
  readonly key: SigningKey;
  /** The log once more, in a second place. */
  readonly copy: AuditCopy;
  /** States that take a right away, by class. */
  readonly revoking: ReadonlyMap<string, readonly string[]>;
  /** Called when a device was found to remember another log than this one. */
  readonly alarm: () => void;
  /** What a check of the fleet must know of how the control plane is set up. */
  readonly settings: Settings;
}

export interface AuditContext extends PlatformContext {
  readonly audit: Audit;
  readonly auditing: Auditing;
  readonly link: DeviceLink;
  readonly random: Random;
  /** Which life of the control plane this is. */
  readonly generation: () => number;
}
