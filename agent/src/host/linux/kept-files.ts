import { constants } from "node:fs";
import { chmod, chown, lstat, open, readlink, rename, rm, symlink } from "node:fs/promises";
import { dirname } from "node:path";
import { limits } from "@edgemere/protocol";
import { HostError } from "../host.ts";
import type { KeptFile } from "../kept-file.ts";
import { syncFolder } from "./synced.ts";

const UNFINISHED = ".edgemere-unfinished";

/** How these paths are now, to be put back by `putBackFiles`. What is neither a file, nor a link, nor absent is refused: HostError. */
export async function keepFiles(paths: readonly string[]): Promise<readonly KeptFile[]> {
  const kept: KeptFile[] = [];
  let bytes = 0;
  for (const path of paths) {
    const each = await keepFile(path, limits.keptBytes - bytes);
    bytes += each.content?.length ?? 0;
    kept.push(each);
  }
  return kept;
}

async function keepFile(path: string, mostBytes: number): Promise<KeptFile> {
  const found = await lstat(path).catch(absentWhenMissing(path));
  if (found === undefined) return { path };
  const { uid, gid } = found;
  const mode = found.mode & 0o7777;
  if (found.isSymbolicLink()) return { path, link: await readlink(path), mode, uid, gid };
  if (!found.isFile()) throw new HostError("failed", `${path} is neither a file nor a link, and cannot be kept`);
  return { path, content: await contentOf(path, mostBytes), mode, uid, gid };
}

async function contentOf(path: string, mostBytes: number): Promise<Uint8Array> {
  try {
    const file = await open(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
    try {
      const { size } = await file.stat();
      if (size > mostBytes)
        throw new HostError("failed", `${path} and the files before it have more than ${limits.keptBytes} bytes`);
      const content = Buffer.alloc(size);
      const { bytesRead } = await file.read(content, 0, size, 0);
      return content.subarray(0, bytesRead);
    } finally {
      await file.close();
    }
  } catch (cause) {
    throw refused(path, "read", cause);
  }
}

/** Puts each back in one step, or takes away what was not there; doing it twice is doing it once. Throws HostError, after it has tried them all. */
export async function putBackFiles(files: readonly KeptFile[]): Promise<void> {
  const failures: HostError[] = [];
  for (const each of files)
    await putBack(each).catch((cause: unknown) => failures.push(refused(each.path, "put back", cause)));
  if (failures[0] !== undefined) throw failures[0];
}

async function putBack({ path, content, link, mode = 0o600, uid, gid }: KeptFile): Promise<void> {
  if (content === undefined && link === undefined) await rm(path, { force: true });
  else {
    const fresh = path + UNFINISHED;
    // An earlier try may have ended with its agent.
    await rm(fresh, { force: true });
    try {
      if (link !== undefined) await symlink(link, fresh);
      else await writeSynced(fresh, content ?? new Uint8Array(), { mode, uid, gid });
      await rename(fresh, path);
    } catch (error) {
      await rm(fresh, { force: true });
      throw error;
    }
  }
  await syncFolder(dirname(path));
}

interface Owner {
  readonly mode: number;
  readonly uid: number | undefined;
  readonly gid: number | undefined;
}

async function writeSynced(path: string, content: Uint8Array, { mode, uid, gid }: Owner): Promise<void> {
  const file = await open(path, "wx", 0o600);
  try {
    await file.writeFile(content);
    await file.sync();
  } finally {
    await file.close();
  }
  const isOwn = uid === process.geteuid?.() && gid === process.getegid?.();
  if (!isOwn && uid !== undefined && gid !== undefined) await chown(path, uid, gid);
  // After the owner: changing that takes the bits away that make a program run as it.
  await chmod(path, mode);
}

const absentWhenMissing = (path: string) => (cause: unknown) => {
  if (cause instanceof Error && "code" in cause && cause.code === "ENOENT") return undefined;
  throw refused(path, "read", cause);
};

function refused(path: string, what: string, cause: unknown): HostError {
  if (cause instanceof HostError) return cause;
  const code = cause instanceof Error && "code" in cause ? String(cause.code) : "";
  const reason = code === "EACCES" || code === "EPERM" || code === "EROFS" ? "not-allowed" : "failed";
  return new HostError(reason, `${path} cannot be ${what}: ${cause instanceof Error ? cause.message : "no reason"}`, {
    cause,
  });
}
