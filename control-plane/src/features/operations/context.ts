import type { Backups } from "../../platform/backups.ts";
import type { PlatformContext } from "../../platform/context.ts";
import type { StorageStatus } from "../../platform/disk-guard.ts";
import type { Family } from "../../platform/figures.ts";

/** The control plane's own keeping: its disk and its backups. */
export interface Operations {
  /** Which life of the control plane this is. */
  generation(): number;
  storage(): StorageStatus;
  /** Looks at the disk anew. */
  lookAtStorage(): Promise<StorageStatus>;
  /** After a write failed: gets the store up again. */
  repairStore(): Promise<void>;
  readonly backups: Backups;
  /** Milliseconds between two backups; none are made by themselves when absent. */
  readonly backupEvery: number | undefined;
  /** How many of those that were made by themselves stay. */
  readonly backupKeep: number;
}

export interface OperationsContext extends PlatformContext {
  readonly operations: Operations;
  /** How everything is now, in figures. */
  readonly figures: () => Promise<readonly Family[]>;
}
