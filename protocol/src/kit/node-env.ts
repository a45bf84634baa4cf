import { randomBytes, randomInt } from "node:crypto";
import { constants } from "node:fs";
import { mkdir, open, readdir, readFile, rename, rm, statfs, unlink } from "node:fs/promises";
import { dirname, join, resolve } from "node:path";
import type { Appender, Disk, Random } from "./env.ts";

export const systemRandom: Random = {
  next: () => randomInt(2 ** 47) / 2 ** 47,
  bytes: (length) => new Uint8Array(randomBytes(length)),
};

// Ends the name of a file that is being written; a crash may leave one behind, and the next write replaces it.
const UNFINISHED = ".unfinished";

/** Files below `root`, which is made (mode 0700) when absent. */
export function nodeDisk(root: string): Disk {
  const base = resolve(root);
  // Read as if `base` were "/": no path leads out of it.
  const at = (path: string) => join(base, resolve("/", path));
  let lastWrite: Promise<unknown> = Promise.resolve();

  return {
    read: (path) => readFile(at(path)).then(asBytes).catch(absentWhenMissing),
    list: async (folder) => {
      const entries = await readdir(at(folder), { withFileTypes: true }).catch(absentWhenMissing);
      return (entries ?? [])
        .filter((entry) => entry.isFile() && !entry.name.endsWith(UNFINISHED))
        .map((entry) => entry.name)
        .sort();
    },
    write: (path, content) => {
      // One after another, so that of two writes of one file the later call wins and neither tears the other.
      const write = lastWrite.then(() => replace(at(path), content));
      lastWrite = write.catch(() => {});
      return write;
    },
    append: async (path) => {
      await makeFolder(dirname(at(path)));
      return openAppender(at(path));
    },
    truncate: async (path, size) => {
      const file = await open(at(path), "r+");
      try {
        await file.truncate(Math.min(size, (await file.stat()).size));
        await file.sync();
      } finally {
        await file.close();
      }
    },
    rename: async (from, to) => {
      await makeFolder(dirname(at(to)));
      await rename(at(from), at(to));
      await syncFolder(dirname(at(to)));
      if (dirname(at(from)) !== dirname(at(to))) await syncFolder(dirname(at(from)));
    },
    remove: (path) =>
      unlink(at(path))
        .then(() => syncFolder(dirname(at(path))))
        .catch(absentWhenMissing),
    space: async () => {
      await makeFolder(base);
      const { bavail, blocks, bsize } = await statfs(base);
      return { freeBytes: bavail * bsize, totalBytes: blocks * bsize };
    },
  };
}

async function replace(path: string, content: Uint8Array): Promise<void> {
  await makeFolder(dirname(path));
  const fresh = path + UNFINISHED;
  try {
    const file = await open(fresh, "w", 0o600);
    try {
      await file.writeFile(content);
      await file.sync();
    } finally {
      await file.close();
    }
    await rename(fresh, path);
  } catch (error) {
    // On a full disk half a file is the last thing that is needed.
    await rm(fresh, { force: true });
    throw error;
  }
  await syncFolder(dirname(path));
}

async function openAppender(path: string): Promise<Appender> {
  const file = await open(path, constants.O_CREAT | constants.O_APPEND | constants.O_WRONLY, 0o600);
  let size = (await file.stat()).size;
  // A new file's name is not on the disk before its folder is.
  if (size === 0) await syncFolder(dirname(path));

  return {
    get size() {
      return size;
    },
    write: async (content) => {
      await file.appendFile(content);
      size += content.length;
    },
    sync: () => file.datasync(),
    close: () => file.close(),
  };
}

/** Makes a folder and those above it (mode 0700), and has their names on the disk. */
async function makeFolder(path: string): Promise<void> {
  const first = await mkdir(path, { recursive: true, mode: 0o700 });
  if (first === undefined) return;
  for (let made = path; made.length >= first.length; made = dirname(made)) await syncFolder(dirname(made));
}

/** Has the names in a folder on the disk. */
export async function syncFolder(path: string): Promise<void> {
  const folder = await open(path, "r");
  try {
    await folder.sync();
  } finally {
    await folder.close();
  }
}

const asBytes = (buffer: Buffer) => new Uint8Array(buffer.buffer, buffer.byteOffset, buffer.byteLength);

function absentWhenMissing(error: unknown): undefined {
  if (error instanceof Error && "code" in error && (error.code === "ENOENT" || error.code === "ENOTDIR"))
    return undefined;
  throw error;
}
