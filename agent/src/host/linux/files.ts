import { isUtf8 } from "node:buffer";
import { createHash } from "node:crypto";
import { constants } from "node:fs";
import { lstat, open, readdir, statfs } from "node:fs/promises";
import type { FileHandle } from "node:fs/promises";
import { HostError } from "../host.ts";
import type { DataFile } from "../host.ts";
import { kernelText } from "./kernel-files.ts";

const DEEPEST = 32;
const MOST_FILES = 100_000;

// Never waits for the other end of a pipe that somebody put there.
const FILE = constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK;
const FOLDER = constants.O_RDONLY | constants.O_DIRECTORY;

/**
 * Every regular file below a directory, on the mount that holds it. Each folder is opened without following links and then
 * walked by its handle, so a folder that turns into a link on the way leads nowhere. What vanishes meanwhile is left out, and
 * so is a name that is no UTF-8: no message could say it.
 */
export async function listFiles(directory: string): Promise<readonly DataFile[]> {
  const files: DataFile[] = [];
  await within(await openDirectory(directory), (folder) => walk(folder, "", 1)).catch(refuse(directory));
  return files;

  async function walk(folder: FileHandle, prefix: string, depth: number): Promise<void> {
    for (const name of await namesIn(folder)) {
      const found = await lstat(`${handlePath(folder)}/${name}`).catch(absent);
      if (found?.isDirectory()) {
        if (depth >= DEEPEST)
          throw new HostError(
            "failed",
            `${directory} has more than ${DEEPEST} levels of folders: name one further down`,
          );
        const below = await openFolder(`${handlePath(folder)}/${name}`);
        if (below !== undefined)
          await within(below, async (inner) => {
            if (mountOf(inner) === mountOf(folder)) await walk(inner, `${prefix}${name}/`, depth + 1);
          });
      } else if (found?.isFile()) {
        if (files.length >= MOST_FILES)
          throw new HostError("failed", `${directory} has more than ${MOST_FILES} files: name a folder further down`);
        files.push({ name: prefix + name, bytes: found.size, modifiedAt: Math.trunc(found.mtimeMs) });
      }
    }
  }
}

/** SHA-256 of a file below a directory and on its mount, hex. */
export const hashFile = (directory: string, name: string): Promise<string> =>
  readBelow(directory, name, async (file) => {
    const hash = createHash("sha256");
    for await (const chunk of file.createReadStream({ autoClose: false, highWaterMark: 256 * 1024 }))
      hash.update(chunk as Uint8Array);
    return hash.digest("hex");
  });

/** Opens a file below a directory and on its mount for `use`: no link leads out of it. */
export async function readBelow<T>(directory: string, name: string, use: (file: FileHandle) => Promise<T>): Promise<T> {
  const parts = name.split("/");
  if (parts.some((part) => part === "" || part === "." || part === ".." || part.includes("\0")))
    throw new HostError("not-allowed", `"${name}" does not name a file below ${directory}`);
  // Each holds a handle open on the way down.
  if (parts.length > DEEPEST) throw new HostError("not-allowed", `${name} lies more than ${DEEPEST} levels down`);
  return within(await openDirectory(directory), (folder) => below(folder, parts, use)).catch(refuse(name));
}

async function below<T>(
  folder: FileHandle,
  [name = "", ...rest]: readonly string[],
  use: (file: FileHandle) => Promise<T>,
): Promise<T> {
  const path = `${handlePath(folder)}/${name}`;
  if (rest.length > 0)
    return within(await open(path, FOLDER | constants.O_NOFOLLOW).catch(refuse(name)), (inner) => {
      refuseMounted(folder, inner, name);
      return below(inner, rest, use);
    });
  return within(await open(path, FILE).catch(refuse(name)), async (file) => {
    refuseMounted(folder, file, name);
    if (!(await file.stat()).isFile()) throw new HostError("not-found", `${name} is no regular file`);
    return use(file);
  });
}

/** Sorted. Read as bytes: two names that are no UTF-8 would look alike as text, and like a third that is. */
async function namesIn(folder: FileHandle): Promise<readonly string[]> {
  const names = await readdir(handlePath(folder), { encoding: "buffer" });
  return names
    .filter(isUtf8)
    .map((name) => name.toString())
    .toSorted();
}

/** Which mount a handle was opened on: device numbers do not tell a bind mount from its surroundings. */
export function mountOf({ fd }: FileHandle): string {
  const text = kernelText(`/proc/self/fdinfo/${fd}`) ?? "";
  const [, mount] = /^mnt_id:\s*(\d+)$/m.exec(text) ?? [];
  if (mount === undefined) throw new HostError("failed", "this kernel does not tell mounts apart");
  return mount;
}

function refuseMounted(folder: FileHandle, inner: FileHandle, name: string): void {
  if (mountOf(inner) !== mountOf(folder))
    throw new HostError("not-allowed", `${name} is mounted from elsewhere: name it as a directory of its own`);
}

/** How large the file system below a directory is, and how much of it is left. */
export async function capacity(
  directory: string,
): Promise<{ readonly totalBytes: number; readonly freeBytes: number }> {
  const { bavail, blocks, bsize } = await statfs(directory).catch(refuse(directory));
  return { totalBytes: blocks * bsize, freeBytes: bavail * bsize };
}

/** The directory itself was named by whoever runs this host, and may be a link. */
export const openDirectory = (directory: string) => open(directory, FOLDER).catch(refuse(directory));
export const openFolder = (path: string) => open(path, FOLDER | constants.O_NOFOLLOW).catch(absent);

/** Names what is opened, wherever it was moved. */
export const handlePath = (handle: FileHandle) => `/proc/self/fd/${handle.fd}`;

async function within<T>(handle: FileHandle, use: (handle: FileHandle) => Promise<T>): Promise<T> {
  try {
    return await use(handle);
  } finally {
    await handle.close();
  }
}

const codeOf = (error: unknown) => (error instanceof Error && "code" in error ? error.code : undefined);

/** What vanished, turned into a link or may not be read is simply not there. */
export function absent(error: unknown): undefined {
  if (["ENOENT", "ENOTDIR", "ELOOP", "EACCES", "EPERM"].includes(String(codeOf(error)))) return undefined;
  throw error;
}

export const refuse = (path: string) => (cause: unknown) => {
  if (cause instanceof HostError) throw cause;
  const code = codeOf(cause);
  if (code === "ENOENT") throw new HostError("not-found", `${path} does not exist`, { cause });
  if (code === "ENOTDIR" || code === "ELOOP")
    throw new HostError("not-found", `${path} is a link or not what its name says`, { cause });
  if (code === "ENOSPC" || code === "EDQUOT" || code === "EFBIG")
    throw new HostError("no-room", `there is no room for ${path}`, { cause });
  if (code === "EACCES" || code === "EPERM" || code === "EROFS")
    throw new HostError("not-allowed", `the agent may not do that with ${path}: check its permissions`, { cause });
  throw new HostError("failed", `${path} cannot be used: ${cause instanceof Error ? cause.message : "unknown"}`, {
    cause,
  });
};

/** Bytes of an open file from a position on; fewer only where it ends. */
export async function readFully(
  file: FileHandle,
  { from, limit, name }: { readonly from: number; readonly limit: number; readonly name: string },
): Promise<Uint8Array> {
  const buffer = Buffer.alloc(Math.max(0, limit));
  let read = 0;
  while (read < buffer.length) {
    const { bytesRead } = await file.read(buffer, read, buffer.length - read, from + read).catch(refuse(name));
    if (bytesRead === 0) break;
    read += bytesRead;
  }
  return buffer.subarray(0, read);
}
