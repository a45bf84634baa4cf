import type { KeptFile } from "../../host/kept-file.ts";
import type { SettingsChange } from "../../settings.ts";

/** What takes a change back, as it is kept on the disk until the change is confirmed. */
export interface Undo {
  readonly files: readonly KeptFile[];
  /** A script of /bin/sh that runs after the files are back; undefined when they are enough. */
  readonly script: Uint8Array | undefined;
  /** The agent's own settings as they were. */
  readonly settings?: SettingsChange | undefined;
}

/** A change that has begun and that nothing has confirmed yet. */
export interface PendingChange {
  readonly command: string;
  /** "applying": nobody knows how far it came; "waiting": it is made; "reverting": it is being taken back. */
  readonly state: "applying" | "waiting" | "reverting";
  /** How long it may wait, milliseconds. */
  readonly within: number;
  /** Of the boot in which its time runs. */
  readonly boot: string;
  /** How often the machine was started anew since it began. */
  readonly boots: number;
  /** When its time began, milliseconds since that boot. */
  readonly since: number;
  /** The newest session that there was when it was made: only a later one confirms it. */
  readonly epoch: number;
  /** Why it is being taken back. */
  readonly cause: string;
  readonly undo: Undo;
}

/** What became of a change. */
export type ChangeOutcome =
  | { readonly isKept: true; readonly afterMs: number }
  | { readonly isKept: false; readonly reason: "reverted" | "failed"; readonly detail: string };

// After the first it may be the start of the machine that takes long; whoever starts again and again is in trouble.
const MOST_BOOTS = 1;

/** What a start of the agent makes of a change that a former one left: it may go on waiting, or is to be taken back. */
export function takenUp(left: PendingChange, boot: string, uptime: number): PendingChange {
  if (left.state === "reverting") return left;
  const back = (cause: string): PendingChange => ({ ...left, state: "reverting", cause });
  if (left.state === "applying") return back("the agent died while the change was made");
  if (left.boot === boot) return left;
  if (left.boots >= MOST_BOOTS) return back("the machine was started anew twice, and no session began with the change");
  return { ...left, boot, boots: left.boots + 1, since: uptime };
}

/** How long it may still wait, milliseconds; at most 0 when its time is over. */
export const timeLeft = ({ since, within }: PendingChange, uptime: number): number => since + within - uptime;

/** Whether a session of this number could only begin because the change works. */
export const confirms = ({ state, epoch }: PendingChange, session: number): boolean =>
  state === "waiting" && session > epoch;
