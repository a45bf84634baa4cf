import type { RenewalStatus } from "./renewal.ts";

/** How the connection stands. Instants are the true time, as far as it is known here. */
export interface LinkStatus {
  /** Number of the newest session. */
  readonly sessionEpoch: number;
  /** In use, or tried next. */
  readonly address: string;
  /** Since when the control plane and this device understand each other; absent when they do not. */
  readonly connectedAt?: number;
  /** Why the last try or session ended. */
  readonly lastFailure?: { readonly at: number; readonly reason: string };
  readonly nextTryAt?: number;
  /** Control plane minus device, milliseconds; absent until it was measured. */
  readonly clockOffset?: number;
  /** Absent where nobody looks after it. */
  readonly certificate?: RenewalStatus;
  /** What is wrong with the agent, in stable words. */
  readonly conditions: readonly string[];
}
