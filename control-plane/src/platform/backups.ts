import type { BackupEnd, BackupHead } from "./backup-format.ts";

/** How far a backup under way is. */
export type BackupProgress = Pick<BackupEnd, "entries" | "bytes">;

/** A backup that was made. */
export interface MadeBackup extends BackupEnd {
  /** Of the file. */
  readonly fileBytes: number;
  /** Values that were damaged in the store and are left out. */
  readonly damaged: number;
}

/** What a drill found. Mistakes are sentences; none means that the backup can be trusted. */
export interface DrillVerdict extends BackupProgress {
  readonly seconds: number;
  readonly mistakes: readonly string[];
}

/** Backups as files, one each, under an id. */
export interface Backups {
  /** Where they lie. */
  readonly folder: string;
  /** Makes one from what the store holds now. */
  make(id: string, told: (soFar: BackupProgress) => void): Promise<MadeBackup>;
  remove(id: string): Promise<void>;
  /** Those that are there, oldest first. */
  list(): Promise<readonly { readonly id: string; readonly fileBytes: number }[]>;
  /** What one says of itself; throws when it cannot be read. */
  head(id: string): Promise<BackupHead>;
  /** Restores one (without an id: one made for this) into a temporary folder and compares everything. Leaves nothing behind. */
  drill(id: string | undefined): Promise<DrillVerdict>;
  /** Bytes that one more may take, and bytes that may be taken. */
  room(): Promise<{ readonly neededBytes: number; readonly freeBytes: number }>;
}
