import { MINUTE, SECOND } from "@edgemere/protocol/kit";
import type { TakeOutput } from "../../host/host.ts";
import type { SettingsChange } from "../../settings.ts";

const SHORTEST = 5 * SECOND;
const LONGEST = 60 * MINUTE;

/** What is wrong with how long a session may take, in words; undefined when nothing is. */
export const mistakeInWithin = (ms: number): string | undefined =>
  ms >= SHORTEST && ms <= LONGEST ? undefined : `confirm_within_ms: must be from ${SHORTEST} to ${LONGEST}`;

interface Wanted {
  readonly command: string;
  /** How long the session that confirms it may take, milliseconds. */
  readonly within: number;
}

/** A change of the agent's own settings. */
export interface WantedSettings extends Wanted {
  readonly settings: SettingsChange;
}

/** A change of the host. */
export interface WantedChange extends Wanted {
  /** What makes it, and what takes it back: scripts of /bin/sh. */
  readonly apply: Uint8Array;
  readonly revert: Uint8Array | undefined;
  /** Kept as they are before it is made. */
  readonly files: readonly string[];
  readonly maxOutputBytes: number;
  readonly onOutput: TakeOutput;
}
