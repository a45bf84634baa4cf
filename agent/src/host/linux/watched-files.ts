import { watch, type FSWatcher } from "node:fs";
import { lstat, readdir, stat, statfs, type FileHandle } from "node:fs/promises";
import { HostError } from "../host-error.ts";
import type { FileWatch } from "../host.ts";
import { handlePath, mountOf, openDirectory, openFolder, refuse } from "./files.ts";

const DEEPEST = 32;
/** Folders of one directory that are watched: each takes one of the watches that the kernel has for all programs of a user. */
export const MOST_FOLDERS = 2_000;
/** What is changed by another machine is told to that machine only: NFS, SMB, CIFS, FUSE, 9P, Ceph, AFS. */
const FOREIGN = new Set([0x6969, 0xfe534d42, 0xff534d42, 0x65735546, 0x01021997, 0x00c36400, 0x5346414f]);

/**
 * Hears of changes in a directory and the folders below it, on its mount; no link is followed. Rejects with HostError where that cannot be,
 * and calls `ended` with the reason when it can be no more: then nothing is heard until somebody watches anew.
 */
export async function watchFiles(
  directory: string,
  { changed, ended }: { readonly changed: () => void; readonly ended: (reason: string) => void },
): Promise<FileWatch> {
  const { type } = await statfs(directory).catch(refuse(directory));
  if (FOREIGN.has(type)) throw new HostError("failed", `${directory} lies on a file system of another machine`);
  const watched = new Map<string, FSWatcher>();
  let isOver = false;

  const close = (prefix: string) => {
    for (const [path, watcher] of watched)
      if (path.startsWith(prefix)) {
        watcher.close();
        watched.delete(path);
      }
  };
  const end = (error: unknown) => {
    if (isOver) return;
    isOver = true;
    close("");
    ended(reasonOf(error));
    changed();
  };

  const root = await openDirectory(directory);
  const { ino, dev } = await root.stat();
  try {
    await follow(root, "", 1);
  } catch (error) {
    isOver = true;
    close("");
    throw error instanceof HostError ? error : new HostError("failed", reasonOf(error), { cause: error });
  } finally {
    await root.close();
  }
  return {
    folders: () => watched.size,
    [Symbol.dispose]: () => {
      isOver = true;
      close("");
    },
  };

  async function isSame(): Promise<boolean> {
    const now = await stat(directory).catch(() => undefined);
    return now?.ino === ino && now.dev === dev;
  }

  /** By its handle: what turns into a link meanwhile leads nowhere. Watched first and read then, so that nothing comes in between. */
  async function follow(folder: FileHandle, prefix: string, depth: number): Promise<void> {
    if (watched.size >= MOST_FOLDERS) throw new HostError("failed", `it has more than ${MOST_FOLDERS} folders`);
    const watcher = watch(handlePath(folder), { persistent: false }, (kind, name) => {
      if (kind === "rename" && name !== null) void appeared(prefix, name, depth).catch(end);
      changed();
    });
    watcher.on("error", end);
    watched.get(prefix)?.close();
    watched.set(prefix, watcher);
    for (const each of await readdir(handlePath(folder), { withFileTypes: true }))
      if (each.isDirectory()) await followBelow(folder, prefix, each.name, depth);
  }

  async function followBelow(folder: FileHandle, prefix: string, name: string, depth: number): Promise<void> {
    // Deeper ones are refused by whoever lists the files.
    if (depth >= DEEPEST || isOver) return;
    const below = await openFolder(`${handlePath(folder)}/${name}`);
    if (below === undefined) return;
    try {
      if (mountOf(below) === mountOf(folder)) await follow(below, `${prefix}${name}/`, depth + 1);
    } finally {
      await below.close();
    }
  }

  /** Down from the directory by handles, as at the first time. */
  async function followAgain(above: readonly string[], name: string, depth: number): Promise<void> {
    let folder = await openDirectory(directory);
    try {
      for (const each of above) {
        const below = await openFolder(`${handlePath(folder)}/${each}`);
        if (below === undefined) return;
        await folder.close();
        folder = below;
      }
      await followBelow(folder, above.map((each) => `${each}/`).join(""), name, depth);
    } finally {
      await folder.close();
    }
  }

  /** Something came or went under a name: a folder is watched anew, with what is in it. */
  async function appeared(prefix: string, name: string, depth: number): Promise<void> {
    if (prefix === "" && !(await isSame())) return end(new Error("it is not the same directory any more"));
    close(`${prefix}${name}/`);
    const path = `${directory}/${prefix}${name}`;
    const found = await lstat(path).catch(() => undefined);
    if (isOver) return;
    if (found?.isDirectory() === true) await followAgain(prefix.split("/").slice(0, -1), name, depth);
    changed();
  }
}

function reasonOf(error: unknown): string {
  const code = error instanceof Error && "code" in error ? error.code : undefined;
  if (code === "ENOSPC") return "this host has no more watches: raise fs.inotify.max_user_watches";
  if (code === "EMFILE") return "this host has no more inotify instances: raise fs.inotify.max_user_instances";
  return error instanceof Error ? error.message : String(error);
}
