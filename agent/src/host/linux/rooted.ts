import { constants } from "node:fs";
import { open, stat, type FileHandle } from "node:fs/promises";
import { HostError } from "../host.ts";
import type { FilePlace } from "../file-transfers.ts";
import { mountOf, handlePath, refuse } from "./files.ts";

const FOLDER = constants.O_RDONLY | constants.O_DIRECTORY;
// Each holds a handle open on the way down.
const DEEPEST = 32;
const LONGEST_NAME = 255;

/** The open folder in which a file stands, and its name there. Whoever took it closes the folder. */
export interface Rooted {
  readonly folder: FileHandle;
  readonly name: string;
}

/** Walks from a root down to the folder of a file. */
export async function rooted({ path, roots }: FilePlace, own: readonly string[]): Promise<Rooted> {
  const { root, parts } = placed(path, roots);
  return { folder: await walked(root, { path, parts: parts.slice(0, -1) }, own), name: parts.at(-1) ?? "" };
}

/** Walks from a root down to a folder, which may be the root itself. Whoever took it closes it. */
export async function rootedFolder({ path, roots }: FilePlace, own: readonly string[]): Promise<FileHandle> {
  const { root, parts } = roots.includes(path) ? { root: path, parts: [] } : placed(path, roots);
  return walked(root, { path, parts }, own);
}

/** The innermost root that a path lies in, and the way down from there. */
function placed(path: string, roots: readonly string[]): { readonly root: string; readonly parts: readonly string[] } {
  const root = roots.filter((each) => path.startsWith(`${each}/`)).toSorted((a, b) => b.length - a.length)[0];
  if (root === undefined)
    throw new HostError(
      "not-allowed",
      roots.length === 0
        ? "no folder of this host is open to files; file-root there opens one"
        : `${path} lies in none of the folders that are open to files: ${roots.join(", ")}`,
    );
  const parts = path.slice(root.length + 1).split("/");
  refuseStrange(path, parts);
  return { root, parts };
}

/**
 * Goes down by handles and without following links: a folder that is swapped for a link on the way leads nowhere. The root itself was named by the host's owner, and may be a link. The agent's own folders are never walked through,
 * whatever root they lie in: there are its keys, its journal and its settings.
 */
async function walked(
  root: string,
  { path, parts }: { readonly path: string; readonly parts: readonly string[] },
  own: readonly string[],
): Promise<FileHandle> {
  const closed = await Promise.all(own.map(identityOf));
  let folder = await open(root, FOLDER).catch(refuse(root));
  try {
    await refuseOwn(folder, closed, path);
    for (const part of parts) {
      const inner = await open(`${handlePath(folder)}/${part}`, FOLDER | constants.O_NOFOLLOW).catch(refuse(part));
      const outer = folder;
      folder = inner;
      const isMounted = mountOf(inner) !== mountOf(outer);
      await outer.close();
      if (isMounted)
        throw new HostError("not-allowed", `${part} is mounted from elsewhere: name it as a file-root of its own`);
      await refuseOwn(folder, closed, path);
    }
    return folder;
  } catch (error) {
    await folder.close();
    throw error;
  }
}

function refuseStrange(path: string, parts: readonly string[]): void {
  if (parts.some((part) => part === "" || part === "." || part === ".." || part.includes("\0")))
    throw new HostError("not-allowed", `${path} does not name a file: write it without . and .. and double /`);
  if (parts.some((part) => Buffer.byteLength(part) > LONGEST_NAME))
    throw new HostError("not-allowed", `a name in the path has more than ${LONGEST_NAME} bytes`);
  if (parts.length > DEEPEST)
    throw new HostError("not-allowed", `${path} lies more than ${DEEPEST} levels below its root`);
}

/** What a folder is, under whatever name; undefined when there is none. */
const identityOf = async (folder: string): Promise<string | undefined> => {
  const found = await stat(folder, { bigint: true }).catch(() => undefined);
  return found && `${found.dev}:${found.ino}`;
};

async function refuseOwn(folder: FileHandle, closed: readonly (string | undefined)[], path: string): Promise<void> {
  const { dev, ino } = await folder.stat({ bigint: true });
  if (closed.includes(`${dev}:${ino}`))
    throw new HostError("not-allowed", `${path} lies in a folder of the agent's own, which is closed to files`);
}
