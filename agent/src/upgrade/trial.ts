import { SECOND } from "@edgemere/protocol/kit";

/** Where a release lies; "base" is what the host's owner installed. */
export type Slot = "base" | "a" | "b";

/** A release that is to prove itself. Written by the agent that it follows, and counted on by the watcher. */
export interface Trial {
  readonly command: string;
  readonly from: Slot;
  readonly to: Slot;
  readonly before: string;
  readonly version: string;
  /** Milliseconds within which it must get to work after a start. */
  readonly startWithin: number;
  /** Milliseconds that it has for its first session and round trip, in which it runs. */
  readonly confirmWithin: number;
  /** How often it was started, and how often it ended by itself. */
  readonly starts: number;
  readonly deaths: number;
  /** Milliseconds for which it has run. */
  readonly spent: number;
}

/** What the release on trial says of itself. */
export interface Mark {
  readonly command: string;
  /** "working": its commands are carried out again; "confirmed": it had a session, and a report of it arrived; "failed": it cannot do its work. */
  readonly state: "working" | "confirmed" | "failed";
  readonly detail: string;
}

/** What became of a trial. */
export interface TrialEnd {
  readonly command: string;
  readonly isKept: boolean;
  readonly before: string;
  readonly version: string;
  readonly slot: Slot;
  /** Why it was taken back. */
  readonly detail: string;
}

/** What the watcher sees of the release that runs. */
export interface Seen {
  readonly mark: Mark["state"] | undefined;
  readonly detail: string;
  /** Milliseconds since this start. */
  readonly running: number;
}

/** What to do about a trial. */
export type Verdict =
  | { readonly verdict: "keep" }
  | { readonly verdict: "back"; readonly detail: string }
  | { readonly verdict: "wait"; readonly ms: number };

// Who ends by itself so often is broken, whatever the network is like.
const MOST_DEATHS = 3;
// What takes the whole machine down with it does not get to count its deaths.
const MOST_STARTS = 10;

/** Judges a release by what it does itself for as long as that is short; by the road to the control plane only when all its time is over. */
export function judge(trial: Trial, { mark, detail, running }: Seen): Verdict {
  if (mark === "confirmed") return { verdict: "keep" };
  const back = (why: string): Verdict => ({ verdict: "back", detail: why });
  if (mark === "failed") return back(`it cannot do its work: ${detail}`);
  if (trial.deaths >= MOST_DEATHS) return back(`it ended ${trial.deaths} times by itself`);
  if (trial.starts > MOST_STARTS) return back(`it was started ${trial.starts} times and never came through`);
  const left = trial.confirmWithin - trial.spent - running;
  if (left <= 0) return back(`it had no session with a round trip within ${trial.confirmWithin / SECOND} s`);
  if (mark === "working") return { verdict: "wait", ms: left };
  const leftToStart = trial.startWithin - running;
  if (leftToStart <= 0) return back(`it did not get to work within ${trial.startWithin / SECOND} s of its start`);
  return { verdict: "wait", ms: Math.min(left, leftToStart) };
}

/** What is not in use, and may be written over. */
export const spareSlot = (current: Slot): "a" | "b" => (current === "a" ? "b" : "a");
