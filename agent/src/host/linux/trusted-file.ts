import { constants } from "node:fs";
import { open, stat, type FileHandle } from "node:fs/promises";
import { dirname } from "node:path";
import { HostError } from "../host.ts";

const LARGEST = 64 * 1024;
const WRITABLE_BY_OTHERS = 0o022;
const STICKY = 0o1000;

/**
 * The text of a file that only root or the agent's own user can have written; undefined when there is none and none must be there.
 * Throws HostError that says what is wrong.
 */
export async function trustedFile(path: string, mustBeThere: boolean): Promise<string | undefined> {
  let file: FileHandle | undefined;
  try {
    // Not to wait for the writer of a pipe that somebody put in its place.
    file = await open(path, constants.O_RDONLY | constants.O_NONBLOCK);
    // Of what was opened: whatever the name stands for a moment later is not what is read.
    refuseUntrusted(path, await file.stat());
    refuseFolder(dirname(path), await stat(dirname(path)));
    return await file.readFile("utf8");
  } catch (cause) {
    if (cause instanceof HostError) throw cause;
    const isMissing =
      cause instanceof Error && "code" in cause && (cause.code === "ENOENT" || cause.code === "ENOTDIR");
    if (isMissing && !mustBeThere) return undefined;
    throw new HostError("failed", `${path} cannot be read: ${cause instanceof Error ? cause.message : "no reason"}`, {
      cause,
    });
  } finally {
    await file?.close();
  }
}

type Status = Awaited<ReturnType<typeof stat>>;

function refuseUntrusted(path: string, status: Status): void {
  if (!status.isFile()) throw new HostError("not-allowed", `${path} is no regular file`);
  if (Number(status.size) > LARGEST) throw new HostError("not-allowed", `${path} has more than ${LARGEST} bytes`);
  refuseOthers(path, status);
  if ((Number(status.mode) & WRITABLE_BY_OTHERS) !== 0)
    throw new HostError("not-allowed", `${path} can be written by its group or by others: chmod go-w ${path}`);
}

/** Whoever can write a folder can put another file there, unless only owners may take theirs away. */
function refuseFolder(path: string, status: Status): void {
  const mode = Number(status.mode);
  refuseOthers(path, status);
  if ((mode & WRITABLE_BY_OTHERS) !== 0 && (mode & STICKY) === 0)
    throw new HostError("not-allowed", `${path} can be written by its group or by others: chmod go-w ${path}`);
}

function refuseOthers(path: string, { uid }: Status): void {
  if (uid !== 0 && Number(uid) !== process.geteuid?.())
    throw new HostError("not-allowed", `${path} belongs to user ${uid}, and must belong to root: chown root ${path}`);
}
