import type { Disk } from "@edgemere/protocol/kit";

const FILE = "last-exit";

/** How the previous agent of this data folder ended. */
export type ExitReason = "clean" | "crash" | "unknown";

/** Reads how the last run ended, and marks this one as running until `markCleanExit`. */
export async function takeExitReason(disk: Disk): Promise<ExitReason> {
  const bytes = await disk.read(FILE);
  await mark(disk, "running");
  if (bytes === undefined) return "unknown";
  return new TextDecoder().decode(bytes) === "clean" ? "clean" : "crash";
}

export const markCleanExit = (disk: Disk): Promise<void> => mark(disk, "clean");

// On a full disk the reason is lost and nothing else.
const mark = (disk: Disk, word: string): Promise<void> => disk.write(FILE, Buffer.from(word)).catch(() => {});
