import type { Disk } from "../env.ts";

/** The same disk as an object whose parts can be replaced one by one. */
export const sameDisk = (disk: Disk): Disk => ({
  read: (path) => disk.read(path),
  list: (folder) => disk.list(folder),
  write: (path, content) => disk.write(path, content),
  append: (path) => disk.append(path),
  truncate: (path, size) => disk.truncate(path, size),
  rename: (from, to) => disk.rename(from, to),
  remove: (path) => disk.remove(path),
  space: () => disk.space(),
});
