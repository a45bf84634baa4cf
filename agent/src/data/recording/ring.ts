import type { Disk } from "@edgemere/protocol/kit";
import type { DataFile, Host } from "../../host/host.ts";

interface Parts {
  readonly host: Pick<Host, "listFiles">;
  readonly disk: Disk;
  readonly directory: string;
  readonly isOurs: (name: string) => boolean;
}

/** The oldest that have to go for the newest to fit; their names sort as they came. The newest stays, however large. */
export function tooMany(files: readonly Pick<DataFile, "name" | "bytes">[], keepBytes: number): readonly string[] {
  const newestFirst = files.toSorted((a, b) => (a.name < b.name ? 1 : -1));
  let room = keepBytes;
  return newestFirst.filter(({ bytes }, place) => (room -= bytes) < 0 && place > 0).map(({ name }) => name);
}

/** Keeps what a source records to its bytes: the oldest go. What others put into the directory counts for nothing, and stays. */
export async function keepTo(keepBytes: number, { host, disk, directory, isOurs }: Parts): Promise<void> {
  const ours = (await host.listFiles(directory)).filter(({ name }) => isOurs(name));
  for (const name of tooMany(ours, keepBytes)) await disk.remove(name);
}
