import type { Appender, Disk } from "@edgemere/protocol/kit";
import type { Life } from "./life.ts";

/** What may befall a disk from outside. */
export interface DiskState {
  isFull: boolean;
}

interface DiskParts {
  readonly disk: Disk;
  readonly life: Life;
  readonly state: DiskState;
  /** Told of bytes that were appended to a file and have become durable. */
  readonly synced: (path: string, bytes: Uint8Array) => void;
}

const WRITE = { shortest: 0, longest: 1 };
const SYNC = { shortest: 0, longest: 5 };
const READ = { shortest: 0, longest: 0 };

/** A device's disk as one process uses it. */
export function deviceDisk({ disk, life, state, synced }: DiskParts): Disk {
  const needRoom = () => {
    if (state.isFull) throw Object.assign(new Error("no space left on the device"), { code: "ENOSPC" });
  };
  return {
    read: (path) => life.contact(() => disk.read(path), READ),
    list: (folder) => life.contact(() => disk.list(folder), READ),
    write: (path, content) =>
      life.contact(() => {
        needRoom();
        return disk.write(path, content);
      }, SYNC),
    append: async (path) => appenderOf(await life.contact(() => disk.append(path), SYNC), path),
    truncate: (path, size) => life.contact(() => disk.truncate(path, size), SYNC),
    rename: (from, to) => life.contact(() => disk.rename(from, to), SYNC),
    remove: (path) => life.contact(() => disk.remove(path), SYNC),
    space: () =>
      life.contact(async () => {
        const { freeBytes, totalBytes } = await disk.space();
        return { freeBytes: state.isFull ? 0 : freeBytes, totalBytes };
      }, READ),
  };

  function appenderOf(appender: Appender, path: string): Appender {
    let waiting: Uint8Array[] = [];
    return {
      get size() {
        return appender.size;
      },
      write: (content) =>
        life.contact(() => {
          needRoom();
          waiting.push(content);
          return appender.write(content);
        }, WRITE),
      sync: () =>
        life.contact(async () => {
          await appender.sync();
          for (const bytes of waiting) synced(path, bytes);
          waiting = [];
        }, SYNC),
      close: () => life.contact(() => appender.close(), READ),
    };
  }
}
