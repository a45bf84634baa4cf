import type { StatsFs } from "node:fs";
import { statfs } from "node:fs/promises";
import { SECOND } from "@edgemere/protocol/kit";
import type { Clock } from "@edgemere/protocol/kit";
import type { TelemetryReading } from "../host.ts";
import type { Mount } from "./mounts.ts";

const PATIENCE = 1 * SECOND;
// Each unanswered question holds one of the process's four disk threads.
const MOST_UNANSWERED = 2;

/** Asks file systems how full they are. One that does not answer (a dying disk) is left alone until it does. */
export function fileSystemReader(clock: Clock): (mounts: readonly Mount[]) => Promise<readonly TelemetryReading[]> {
  const unanswered = new Set<string>();

  const spaceOf = async (path: string): Promise<StatsFs | undefined> => {
    if (unanswered.has(path) || unanswered.size >= MOST_UNANSWERED) return undefined;
    unanswered.add(path);
    const answer = statfs(path)
      .catch(() => undefined)
      .finally(() => unanswered.delete(path));
    const waited = new AbortController();
    try {
      return await Promise.race([answer, clock.sleep(PATIENCE, waited.signal).then(() => undefined)]);
    } finally {
      waited.abort();
    }
  };

  return async (mounts) => {
    const readings: TelemetryReading[] = [];
    for (const { path } of mounts) {
      const space = await spaceOf(path);
      if (space !== undefined) readings.push(...fileSystemReadings(path, space));
    }
    return readings;
  };
}

/** "Used" and "available" do not add up to the total: some is kept for the system's own use. The percentage is that of `df`. */
export function fileSystemReadings(
  path: string,
  space: Pick<StatsFs, "bsize" | "blocks" | "bfree" | "bavail" | "files" | "ffree">,
): readonly TelemetryReading[] {
  const used = (space.blocks - space.bfree) * space.bsize;
  const available = space.bavail * space.bsize;
  const reading = (metric: string, value: number) => ({ metric, instance: path, value });
  return [
    reading("filesystem.total_bytes", space.blocks * space.bsize),
    reading("filesystem.used_bytes", used),
    reading("filesystem.available_bytes", available),
    reading("filesystem.used_percent", used + available > 0 ? (100 * used) / (used + available) : 0),
    // btrfs and vfat have no fixed number of inodes.
    ...(space.files > 0
      ? [reading("filesystem.inodes_used_percent", (100 * (space.files - space.ffree)) / space.files)]
      : []),
  ];
}
