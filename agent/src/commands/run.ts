import { commandKinds, kindOfTask, type Command, type CommandKind, type Reason } from "@edgemere/protocol";
import { SECOND, type Clock } from "@edgemere/protocol/kit";
import { HostError } from "../host/host.ts";
import type { Handler, HandlerContext, Outcome } from "./handlers/handler.ts";
import type { Handlers } from "./handlers/index.ts";
import type { Ending } from "./report.ts";

/** Why a running command is told to end. */
export type StopCause = "ran-too-long" | "cancelled" | "agent-stopped";

export interface RunParts {
  readonly clock: Clock;
  readonly handlers: Handlers;
  readonly context: Omit<HandlerContext, "signal">;
}

// Time for a handler to end after it was told to. Past it the command has ended without it, and its lane is free.
const GRACE = 10 * SECOND;

const stopPhases = {
  "ran-too-long": "timedout",
  cancelled: "cancelled",
  "agent-stopped": "interrupted",
} as const satisfies Record<StopCause, Ending["phase"]>;

/** Carries out a command, for as long as it may run. Never rejects: whatever happens is its ending. */
export async function run(command: Command, parts: RunParts, stop: AbortController): Promise<Ending> {
  const { clock } = parts;
  const startedAt = clock.now();
  if (stop.signal.aborted) return { ...stopped(stop.signal), startedAt };
  const over = new AbortController();
  const timeout = async () => {
    await clock.sleep(command.runTimeoutMs, over.signal);
    if (!over.signal.aborted) stop.abort("ran-too-long" satisfies StopCause);
  };
  const graceOver = async (): Promise<undefined> => {
    await aborted(stop.signal);
    await clock.sleep(GRACE, over.signal);
  };
  void timeout();
  const outcome = await Promise.race([attempt(command, parts, stop.signal), graceOver()]);
  over.abort();
  return { ...endingOf(command, outcome, stop.signal), startedAt };
}

function stopped(signal: AbortSignal): Ending {
  const cause = signal.reason as StopCause;
  return { phase: stopPhases[cause], reason: cause };
}

/** What was told to end has ended for that reason, whatever it still said of itself. */
function endingOf(command: Command, outcome: Outcome<object> | undefined, signal: AbortSignal): Ending {
  const kind = kindOfTask(command.task);
  const result = outcome?.result && kind ? { result: { [commandKinds[kind].task]: outcome.result } } : {};
  if (signal.aborted) {
    const detail = outcome === undefined ? { detail: "it did not end when it was told to" } : {};
    return { ...stopped(signal), ...detail, ...result };
  }
  if (outcome === undefined || !("reason" in outcome)) return { phase: "succeeded", ...result };
  return { phase: "failed", reason: outcome.reason, detail: outcome.detail, ...result };
}

async function attempt(command: Command, parts: RunParts, signal: AbortSignal): Promise<Outcome<object>> {
  const kind = kindOfTask(command.task);
  const given = kind && command[commandKinds[kind].task];
  if (!kind || !given) return { reason: "unsupported", detail: "the command has no arguments this agent knows" };
  const handler = parts.handlers[kind] as Handler<CommandKind>;
  try {
    return await handler.run(given, { ...parts.context, signal });
  } catch (error) {
    return failureOf(error);
  }
}

const hostReasons = {
  "not-found": "not-found",
  "not-allowed": "not-permitted",
  failed: "failed",
} as const satisfies Record<HostError["reason"], Reason>;

function failureOf(error: unknown): Outcome<object> {
  if (error instanceof HostError) return { reason: hostReasons[error.reason], detail: error.message };
  return { reason: "failed", detail: error instanceof Error ? error.message : "it failed without saying why" };
}

const aborted = (signal: AbortSignal): Promise<void> =>
  new Promise((resolve) => {
    if (signal.aborted) resolve();
    else signal.addEventListener("abort", () => resolve(), { once: true });
  });
