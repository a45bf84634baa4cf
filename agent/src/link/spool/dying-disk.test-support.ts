import type { Appender, Disk, Random } from "@edgemere/protocol/kit";

/** A disk that outlives the process; what a loss of power does to it is its own affair. */
export type MortalDisk = Disk & { cutPower(random: Random): void };

/** The disk as a process sees it whose machine loses power at its n-th change of the disk: that change may still happen, nothing after it does. */
export function dyingDisk(
  disk: MortalDisk,
  changes: number,
  random: Random,
): Disk & { readonly isDead: boolean; die(): void } {
  let left = changes;
  const change = async <T>(run: () => Promise<T>): Promise<T> => {
    if (left <= 0) throw new Error("the power is off");
    left -= 1;
    if (left > 0) return run();
    if (random.next() < 0.5) await run();
    disk.cutPower(random);
    throw new Error("the power went off");
  };
  const look = async <T>(run: () => Promise<T>): Promise<T> => {
    if (left <= 0) throw new Error("the power is off");
    return run();
  };
  const appender = (file: Appender): Appender => ({
    get size() {
      return file.size;
    },
    write: (content) => change(() => file.write(content)),
    sync: () => change(() => file.sync()),
    close: () => look(() => file.close()),
  });
  return {
    get isDead() {
      return left <= 0;
    },
    /** What the process still does reaches the disk no more. */
    die: () => {
      left = 0;
    },
    read: (path) => look(() => disk.read(path)),
    list: (folder) => look(() => disk.list(folder)),
    space: () => look(() => disk.space()),
    write: (path, content) => change(() => disk.write(path, content)),
    append: async (path) => appender(await change(() => disk.append(path))),
    truncate: (path, size) => change(() => disk.truncate(path, size)),
    rename: (from, to) => change(() => disk.rename(from, to)),
    remove: (path) => change(() => disk.remove(path)),
  };
}
