import { isUtf8 } from "node:buffer";
import type { Stats } from "node:fs";
import { lstat, opendir, stat, type FileHandle } from "node:fs/promises";
import type { FolderEntry, FolderPage, FolderRequest } from "../file-transfers.ts";
import { absent, handlePath, refuse } from "./files.ts";
import { rootedFolder } from "./rooted.ts";

/** What a folder below the roots holds. However many names it has, no more than some pages of them are in memory. */
export async function listFolder(request: FolderRequest, own: readonly string[]): Promise<FolderPage> {
  if (request.path === "") return listRoots(request);
  const folder = await rootedFolder(request, own);
  try {
    const { names, unnamed } = await namesBehind(folder, request);
    return { ...(await pageOf(names, request.most, (name) => lstat(`${handlePath(folder)}/${name}`))), unnamed };
  } finally {
    await folder.close();
  }
}

/** A root was named by the host's owner, and may be a link. */
async function listRoots({ roots, after, most }: FolderRequest): Promise<FolderPage> {
  const names = roots.filter((root) => root > after).toSorted();
  return { ...(await pageOf(names, most, (root) => stat(root))), unnamed: 0 };
}

/** What vanished meanwhile is left out. */
async function pageOf(names: readonly string[], most: number, look: (name: string) => Promise<Stats>) {
  const entries: FolderEntry[] = [];
  for (const name of names.slice(0, most)) {
    const found = await look(name).catch(absent);
    if (found !== undefined) entries.push(entryOf(name, found));
  }
  return { entries, hasMore: names.length > most };
}

/** The first names behind `after`, and one more than are wanted where there is one. */
async function namesBehind(folder: FileHandle, { path, after, most, signal }: FolderRequest) {
  let names: string[] = [];
  let unnamed = 0;
  const inOrder = () => names.toSorted().slice(0, most + 1);
  // Read as bytes: a name that is no UTF-8 would look like another one.
  const entries = await opendir(handlePath(folder), { encoding: "buffer" as BufferEncoding }).catch(refuse(path));
  for await (const entry of entries) {
    signal.throwIfAborted();
    const bytes = Buffer.from(entry.name);
    const name = bytes.toString();
    if (!isUtf8(bytes)) unnamed++;
    else if (name > after) names.push(name);
    if (names.length > 10 * most) names = inOrder();
  }
  return { names: inOrder(), unnamed };
}

function entryOf(name: string, found: Stats): FolderEntry {
  const type = found.isFile() ? "file" : found.isDirectory() ? "folder" : found.isSymbolicLink() ? "link" : "other";
  const modifiedAt = Math.max(0, Math.trunc(found.mtimeMs));
  return { name, type, bytes: type === "file" ? found.size : 0, modifiedAt, mode: found.mode & 0o7777 };
}
