import type { Appender, Disk } from "@edgemere/protocol/kit";

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
    read: async (path) => {
      await before("read", path);
      return disk.read(path);
    },
    write: async (path, content) => {
      await before("write", path);
      await disk.write(path, content);
    },
    append: async (path) => appender(await disk.append(path), path),
    list: (folder) => disk.list(folder),
    truncate: (path, size) => disk.truncate(path, size),
    rename: (from, to) => disk.rename(from, to),
    remove: (path) => disk.remove(path),
    space: () => disk.space(),
  };
}

/** A disk some of whose calls fail, for as long as the test wants. */
export const failingDisk = (disk: Disk, fails: (call: DiskCall, path: string) => boolean): Disk =>
  troubledDisk(disk, (call, path) => {
    if (fails(call, path)) throw Object.assign(new Error(`EIO: i/o error, ${call}`), { code: "EIO" });
  });
