import { createHash } from "node:crypto";
import { constants } from "node:fs";
import { lstat, open, unlink, type FileHandle } from "node:fs/promises";
import { HostError } from "../host-error.ts";
import { handlePath, refuse } from "./files.ts";
import type { Rooted } from "./rooted.ts";

const FILE = constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK;
const CHUNK = 256 * 1024;

/** Removes a file with this content, durably; what holds anything else stays. Takes the folder over. */
export async function removeFile({ folder, name }: Rooted, sha256: string): Promise<"removed" | "absent" | "other"> {
  const path = `${handlePath(folder)}/${name}`;
  try {
    const file = await open(path, FILE).catch(unlessAbsent);
    if (file === undefined) return "absent";
    try {
      if (!(await file.stat()).isFile()) throw new HostError("not-allowed", `${name} is no regular file, and stays`);
      if ((await hashOf(file)) !== sha256 || !(await isStill(file, path))) return "other";
    } finally {
      await file.close();
    }
    await unlink(path).catch(refuse(name));
    // Until the folder is on the disk a power cut may bring it back.
    await folder.sync().catch(refuse(name));
    return "removed";
  } finally {
    await folder.close();
  }
}

async function hashOf(file: FileHandle): Promise<string> {
  const hash = createHash("sha256");
  for await (const chunk of file.createReadStream({ start: 0, autoClose: false, highWaterMark: CHUNK }))
    hash.update(chunk as Uint8Array);
  return hash.digest("hex");
}

/** Whether the name stands for what was read, and that for what it was when it was opened. */
async function isStill(file: FileHandle, path: string): Promise<boolean> {
  const named = await lstat(path, { bigint: true }).catch(() => undefined);
  const read = await file.stat({ bigint: true });
  return named !== undefined && named.ino === read.ino && named.dev === read.dev && named.mtimeNs === read.mtimeNs;
}

function unlessAbsent(error: unknown): undefined {
  if (error instanceof Error && "code" in error && error.code === "ENOENT") return undefined;
  return refuse("the file")(error);
}
