import type { Appender, Disk } from "@edgemere/protocol/kit";
import { sameDisk } from "@edgemere/protocol/simulated";

export type DiskCall = "read" | "write" | "sync";

/** A disk that asks before some of its calls; the answer may be an error. */
export function troubledDisk(disk: Disk, before: (call: DiskCall, path: string) => void | Promise<void>): Disk {
  const appender = (file: Appender, path: string): Appender => ({
    get size() {
      return file.size;
    },
    write: (content) => file.write(content),
    sync: async () => {
      await before("sync", path);
      await file.sync();
    },
    close: () => file.close(),
  });
  return {
    ...sameDisk(disk),
    read: async (path) => {
      await before("read", path);
      return disk.read(path);
    },
    write: async (path, content) => {
      await before("write", path);
      await disk.write(path, content);
    },
    append: async (path) => appender(await disk.append(path), path),
  };
}

/** A disk some of whose calls fail, for as long as the test wants. */
export const failingDisk = (disk: Disk, fails: (call: DiskCall, path: string) => boolean): Disk =>
  troubledDisk(disk, (call, path) => {
    if (fails(call, path)) throw Object.assign(new Error(`EIO: i/o error, ${call}`), { code: "EIO" });
  });
