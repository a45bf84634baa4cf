import type { Appender, Disk } from "@edgemere/protocol/kit";
import type { Life } from "./life.ts";

interface DiskParts {
  readonly disk: Disk;
  readonly life: Life;
  /** Told of bytes that were appended to a file and have become durable. */
  readonly synced: (path: string, bytes: Uint8Array) => void;
  /** Told of what is in a file after it was replaced, cut or removed. */
  readonly changed: (path: string, content: Uint8Array | undefined) => void;
}

// A disk's own pauses come on top where something is made safe.
const WRITE = { shortest: 0, longest: 1 };
const READ = { shortest: 0, longest: 0 };

/** A device's disk as one process uses it. */
export function deviceDisk({ disk, life, synced, changed }: DiskParts): Disk {
  /** `written`: what the file is to hold; a bit that flips before it is safe is damage, which is found when it is read. */
  const changing = (path: string, change: () => Promise<void>, written?: Uint8Array) =>
    life.contact(async () => {
      await change();
      const held = await disk.read(path);
      changed(path, written ?? held);
    }, READ);
  return {
    read: (path) => life.contact(() => disk.read(path), READ),
    list: (folder) => life.contact(() => disk.list(folder), READ),
    write: (path, content) => changing(path, () => disk.write(path, content), content),
    append: async (path) => {
      const file = await life.contact(() => disk.append(path), READ);
      synced(path, new Uint8Array());
      return appenderOf(file, path);
    },
    truncate: (path, size) => changing(path, () => disk.truncate(path, size)),
    rename: (from, to) => life.contact(() => disk.rename(from, to), READ),
    remove: (path) => changing(path, () => disk.remove(path)),
    space: () => life.contact(() => disk.space(), READ),
  };

  function appenderOf(appender: Appender, path: string): Appender {
    let waiting: Uint8Array[] = [];
    return {
      get size() {
        return appender.size;
      },
      write: (content) =>
        life.contact(() => {
          waiting.push(content);
          return appender.write(content);
        }, WRITE),
      sync: () =>
        life.contact(async () => {
          await appender.sync();
          for (const bytes of waiting) synced(path, bytes);
          waiting = [];
        }, READ),
      close: () => life.contact(() => appender.close(), READ),
    };
  }
}
