import type { Clock, Log, Random } from "@edgemere/protocol/kit";
import type { ControlPlaneConfig } from "./config.ts";
import type { BackupHead } from "./platform/backup-format.ts";
import { NodeBackups } from "./platform/node-backups.ts";
import type { AnyResource } from "./platform/resource.ts";
import { repairing } from "./repair.ts";
import { passphraseFrom, type Storage } from "./storage.ts";

interface Parts {
  readonly config: ControlPlaneConfig;
  readonly storage: Storage;
  readonly resources: readonly AnyResource[];
  /** Known once the core is there. */
  readonly head: () => Pick<BackupHead, "generation" | "trustDomain" | "version">;
  readonly recover: () => Promise<void>;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
}

/** What the feature "operations" works with: the disk, the repair of the store, the backups. */
export async function createKeeping(parts: Parts) {
  const { config, storage, head } = parts;
  const { guard, database } = storage;
  const { folder, every, keep, passphraseFile } = config.backups;
  let fail: (reason: unknown) => void = () => {};
  const failed = new Promise<unknown>((resolve) => {
    fail = resolve;
  });
  const backups = await NodeBackups.open({
    ...parts,
    database,
    dataFolder: config.dataFolder,
    folder,
    passphrase: await passphraseFrom(passphraseFile),
    limits: config.storage,
  });
  const operations = {
    generation: () => head().generation,
    storage: () => guard.status,
    lookAtStorage: () => guard.look(),
    repairStore: repairing({ ...parts, guard, database, fail }),
    backups,
    backupEvery: every,
    backupKeep: keep,
  };
  return { operations, backups, failed };
}
