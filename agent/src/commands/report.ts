import {
  cutText,
  decode,
  v1,
  type CommandReport,
  type Encodable,
  type Reason,
  type TaskName,
} from "@edgemere/protocol";
import type { JournalEntry } from "./journal-entry.ts";

type ReportMessage = Encodable<typeof v1.CommandReport>;
type PhaseWord =
  | "journaled"
  | "running"
  | "succeeded"
  | "failed"
  | "rejected"
  | "expired"
  | "cancelled"
  | "timedout"
  | "interrupted";

const Phase = v1.CommandPhase;
const phases = {
  journaled: Phase.COMMAND_PHASE_JOURNALED,
  running: Phase.COMMAND_PHASE_RUNNING,
  succeeded: Phase.COMMAND_PHASE_SUCCEEDED,
  failed: Phase.COMMAND_PHASE_FAILED,
  rejected: Phase.COMMAND_PHASE_REJECTED,
  expired: Phase.COMMAND_PHASE_EXPIRED,
  cancelled: Phase.COMMAND_PHASE_CANCELLED,
  timedout: Phase.COMMAND_PHASE_TIMED_OUT,
  interrupted: Phase.COMMAND_PHASE_INTERRUPTED,
} as const satisfies Record<PhaseWord, number>;

/** The word for a phase of the wire, for the log. */
export const phaseWord = (phase: number): string =>
  Object.entries(phases).find(([, each]) => each === phase)?.[0] ?? `phase ${phase}`;

/** How a command ended. */
export interface Ending {
  readonly phase: Exclude<PhaseWord, "journaled" | "running">;
  readonly reason?: Reason;
  readonly detail?: string;
  readonly startedAt?: number;
  /** The member of CommandReport that holds the result. */
  readonly result?: Pick<ReportMessage, TaskName>;
}

export const progressReport = (command: string, phase: "journaled" | "running", startedAt = 0): ReportMessage => ({
  command,
  phase: phases[phase],
  startedAtMs: startedAt,
});

export const finalReport = (command: string, ending: Ending, finishedAt: number): ReportMessage => ({
  command,
  phase: phases[ending.phase],
  reason: ending.reason ?? "",
  detail: cutText(ending.detail ?? ""),
  startedAtMs: ending.startedAt ?? 0,
  finishedAtMs: finishedAt,
  ...ending.result,
});

/** The line that ends a command in the journal. */
export function endedEntry(
  {
    command,
    sequence,
    expiresAtMs,
  }: { readonly command: string; readonly sequence: number; readonly expiresAtMs: number },
  ending: Ending,
  finishedAt: number,
): JournalEntry {
  const report = v1.CommandReport.encode(finalReport(command, ending, finishedAt)).finish();
  return {
    entry: "ended",
    id: command,
    sequence,
    expiresAt: expiresAtMs,
    report: Buffer.from(report).toString("base64"),
  };
}

export const readReport = (bytes: Uint8Array): CommandReport => decode(v1.CommandReport, bytes);
