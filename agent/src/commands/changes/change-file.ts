import type { Disk } from "@edgemere/protocol/kit";
import type { KeptFile } from "../../host/kept-file.ts";
import type { ChangeOutcome, PendingChange } from "./pending-change.ts";

/** What the disk knows of changes: the one that is not confirmed, and how the last ones ended, newest last. */
export interface ChangeState {
  readonly pending: PendingChange | undefined;
  readonly ended: readonly EndedChange[];
}

export interface EndedChange {
  readonly command: string;
  readonly outcome: ChangeOutcome;
}

const FILE = "commands/change";
/** A command asks for its own outcome right away, or after the next start. */
const MOST_ENDED = 16;

/** Undefined when there is a file that nobody can read: what it held of a change can then not be taken back. */
export async function readChanges(disk: Disk): Promise<ChangeState | undefined> {
  const bytes = await disk.read(FILE);
  if (bytes === undefined) return { pending: undefined, ended: [] };
  try {
    return JSON.parse(Buffer.from(bytes).toString(), reviveBytes) as ChangeState;
  } catch {
    return undefined;
  }
}

/** In one step, so that a power cut leaves the state before or this one. */
export const writeChanges = (disk: Disk, { pending, ended }: ChangeState): Promise<void> =>
  disk.write(FILE, Buffer.from(JSON.stringify({ pending: inText(pending), ended: ended.slice(-MOST_ENDED) })));

interface BytesInText {
  readonly base64: string;
}

const asText = (bytes: Uint8Array): BytesInText => ({ base64: Buffer.from(bytes).toString("base64") });

function inText(pending: PendingChange | undefined): object | undefined {
  if (pending === undefined) return undefined;
  const { script, files, settings } = pending.undo;
  const fileInText = ({ content, ...file }: KeptFile) => ({ ...file, ...(content && { content: asText(content) }) });
  return { ...pending, undo: { files: files.map(fileInText), settings, ...(script && { script: asText(script) }) } };
}

const reviveBytes = (_key: string, value: unknown): unknown =>
  typeof value === "object" && value !== null && "base64" in value
    ? Buffer.from((value as BytesInText).base64, "base64")
    : value;
