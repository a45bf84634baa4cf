import { mkdir, stat } from "node:fs/promises";
import { nodeDisk, type Disk } from "@edgemere/protocol/kit";
import { HostError } from "../host.ts";
import { refuse } from "./files.ts";

const WRITABLE_BY_OTHERS = 0o022;

/** A directory that the agent writes recordings to, made when absent. Nobody else may be able to: a link put there would be written through. */
export async function recordingFolder(directory: string): Promise<Disk> {
  await mkdir(directory, { recursive: true, mode: 0o700 }).catch(refuse(directory));
  const { uid, mode } = await stat(directory).catch(refuse(directory));
  const own = process.geteuid?.();
  if (uid !== own)
    throw new HostError(
      "not-allowed",
      `${directory} belongs to user ${uid}, and what is recorded there must be the agent's own (user ${own ?? "unknown"}): chown it, or name another directory`,
    );
  if ((mode & WRITABLE_BY_OTHERS) !== 0)
    throw new HostError(
      "not-allowed",
      `${directory} can be written by its group or by others, and what is recorded there is the agent's alone: chmod go-w ${directory}`,
    );
  return nodeDisk(directory);
}
