import { randomBytes, randomInt } from "node:crypto";
import { constants } from "node:fs";
import { mkdir, open, readdir, readFile, rename, rm, statfs } from "node:fs/promises";
import { dirname, join } from "node:path";
import type { Appender, Disk, Random } from "./env.ts";

export const systemRandom: Random = {
  next: () => randomInt(2 ** 47) / 2 ** 47,
  bytes: (length) => new Uint8Array(randomBytes(length)),
};

/** Files below `root`, which is made (mode 0700) when absent. */
export function nodeDisk(root: string): Disk {
  const at = (path: string) => join(root, path);
  const makeFolderOf = (path: string) => mkdir(dirname(at(path)), { recursive: true, mode: 0o700 });

  return {
    read: (path) => readFile(at(path)).then(asBytes).catch(absentWhenMissing),
    list: async (folder) => {
      const entries = await readdir(at(folder), { withFileTypes: true }).catch(absentWhenMissing);
      return (entries ?? []).filter((entry) => entry.isFile()).map((entry) => entry.name).sort();
    },
    write: async (path, content) => {
      await makeFolderOf(path);
      const fresh = `${at(path)}.new`;
      const file = await open(fresh, "w", 0o600);
      try {
        await file.writeFile(content);
        await file.sync();
      } finally {
        await file.close();
      }
      await rename(fresh, at(path));
      await syncFolder(dirname(at(path)));
    },
    append: async (path) => {
      await makeFolderOf(path);
      return openAppender(at(path));
    },
    truncate: async (path, size) => {
      const file = await open(at(path), "r+");
      try {
        await file.truncate(size);
        await file.sync();
      } finally {
        await file.close();
      }
    },
    rename: async (from, to) => {
      await makeFolderOf(to);
      await rename(at(from), at(to));
      await syncFolder(dirname(at(to)));
    },
    remove: (path) => rm(at(path), { force: true }),
    space: async () => {
      await mkdir(root, { recursive: true, mode: 0o700 });
      const { bavail, blocks, bsize } = await statfs(root);
      return { freeBytes: bavail * bsize, totalBytes: blocks * bsize };
    },
  };
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

async function syncFolder(path: string): Promise<void> {
  const folder = await open(path, "r");
  try {
    await folder.sync();
  } finally {
    await folder.close();
  }
}

const asBytes = (buffer: Buffer) => new Uint8Array(buffer.buffer, buffer.byteOffset, buffer.byteLength);

function absentWhenMissing(error: unknown): undefined {
  if (error instanceof Error && "code" in error && (error.code === "ENOENT" || error.code === "ENOTDIR")) return undefined;
  throw error;
}
