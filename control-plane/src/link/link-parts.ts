import type { DeviceSession } from "../platform/device-link.ts";
import type { FeatureParts } from "./feature-news.ts";
import type { SyncParts } from "./sync.ts";

/** What a link is made of. */
export interface LinkParts<C> extends FeatureParts<C>, Pick<SyncParts, "signer" | "brokerAddresses"> {
  /** Which life of the control plane this is, counted in restores. Default: the first. */
  readonly generation?: () => number;
  /** Whether there is room to store what devices report. Default: there is. */
  readonly isTakingRecords?: () => boolean;
}

/** A session, and what is known of its device besides. */
export type LiveSession = DeviceSession & {
  lastHeardAt: number;
  /** Version of the keyring that the device has, or was sent since it said so. */
  keyring: number;
  /** Its last Sync could not hold all that waits for it. */
  isMoreWaiting: boolean;
};
