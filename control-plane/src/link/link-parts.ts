import type { FeatureParts } from "./feature-news.ts";
import type { SyncParts } from "./sync.ts";

/** What a link is made of. */
export interface LinkParts<C> extends FeatureParts<C>, Pick<SyncParts, "signer" | "brokerAddresses"> {
  /** Which life of the control plane this is, counted in restores. Default: the first. */
  readonly generation?: () => number;
  /** Whether there is room to store what devices report. Default: there is. */
  readonly isTakingRecords?: () => boolean;
}
