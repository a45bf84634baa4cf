import { commandKinds, kindOfTask, type Command, type CommandKind, type Reason } from "@edgemere/protocol";
import { aborted, SECOND, type Clock } from "@edgemere/protocol/kit";
import { HostError } from "../host/host.ts";
import type { Handler, HandlerContext, Outcome } from "./handlers/handler.ts";
import { reasonOf } from "./host-reasons.ts";
import type { Handlers } from "./handlers/index.ts";
import type { Ending } from "./report.ts";

/** Why a running command is told to end. */
export type StopCause = "ran-too-long" | "cancelled" | "agent-stopped";

export interface RunParts {
  readonly clock: Clock;
  readonly handlers: Handlers;
  readonly context: HandlerContext;
}

// Time for a handler to end after it was told to. Past it the command has ended without it, and its lane is free.
const GRACE = 5 * SECOND;

const stopPhases = {
  "ran-too-long": "timedout",
  cancelled: "cancelled",
  "agent-stopped": "interrupted",
} as const satisfies Record<StopCause, Ending["phase"]>;

type Result = Outcome<object> | "no effect";

/**
 * Carries out a command, for as long as it may run; with a mark it only looks whether an earlier start took effect.
 * Never rejects: whatever happens is its ending.
 */
export async function run(
  command: Command,
  parts: RunParts,
  stop: AbortController,
  mark?: string,
): Promise<Ending | "no effect"> {
  const { clock } = parts;
  const startedAt = clock.now();
  const handler = handlerOf(command, parts.handlers);
  if (stop.signal.aborted) return { ...stopped(stop.signal, handler), startedAt };
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
  const result = await Promise.race([attempt(command, handler, parts.context, mark), graceOver()]);
  over.abort();
  if (result === "no effect" && !stop.signal.aborted) return result;
  return { ...endingOf(command, result, handler, stop.signal), startedAt };
}

/** What is kept of the world before a command changes it; the ending when that cannot be told. */
export async function markBefore(
  command: Command,
  { handlers, context }: RunParts,
): Promise<string | undefined | Ending> {
  const kind = kindOfTask(command.task);
  try {
    return await handlerOf(command, handlers)?.before?.(argumentsOf(command, kind), context);
  } catch (error) {
    const { reason, detail } = failureOf(error);
    return { phase: "failed", reason, detail };
  }
}

function handlerOf(command: Command, handlers: Handlers): Handler<CommandKind> | undefined {
  const kind = kindOfTask(command.task);
  return kind && (handlers[kind] as Handler<CommandKind>);
}

const argumentsOf = (command: Command, kind: CommandKind | undefined) =>
  (kind === undefined ? {} : (command[commandKinds[kind].task] ?? {})) as never;

function stopped(signal: AbortSignal, handler: Handler<CommandKind> | undefined): Ending {
  const cause = signal.reason as StopCause;
  if (cause === "ran-too-long" && handler?.unproven !== undefined)
    return { phase: "failed", reason: handler.unproven, detail: "it was asked for, and nothing came of it in time" };
  return { phase: stopPhases[cause], reason: cause };
}

/** What was told to end has ended for that reason, whatever it still said of itself. */
function endingOf(
  command: Command,
  outcome: Result | undefined,
  handler: Handler<CommandKind> | undefined,
  signal: AbortSignal,
): Ending {
  const kind = kindOfTask(command.task);
  const told = outcome === "no effect" ? { result: undefined } : outcome;
  const result = told?.result && kind ? { result: { [commandKinds[kind].task]: told.result } } : {};
  if (signal.aborted) {
    const detail = told === undefined ? { detail: "it did not end when it was told to" } : {};
    return { ...detail, ...stopped(signal, handler), ...result };
  }
  if (told === undefined || !("reason" in told)) return { phase: "succeeded", ...result };
  return { phase: "failed", reason: told.reason, detail: told.detail, ...result };
}

async function attempt(
  command: Command,
  handler: Handler<CommandKind> | undefined,
  context: HandlerContext,
  mark: string | undefined,
): Promise<Result> {
  const kind = kindOfTask(command.task);
  const given = argumentsOf(command, kind);
  if (!kind || !handler) return { reason: "unsupported", detail: "the command has no arguments this agent knows" };
  try {
    const result = mark === undefined ? await handler.run(given, context) : await handler.after?.(given, mark, context);
    if (commandKinds[kind].onInterrupt !== "boundary") return result ?? "no effect";
    if (result !== undefined && (mark !== undefined || "reason" in result)) return result;
    // Its own word proves nothing: it goes on until the machine, or the time it has, is over.
    await aborted(context.signal);
    return "no effect";
  } catch (error) {
    return failureOf(error);
  }
}

function failureOf(error: unknown): { readonly reason: Reason; readonly detail: string } {
  if (error instanceof HostError) return { reason: reasonOf(error), detail: error.message };
  return { reason: "failed", detail: error instanceof Error ? error.message : "it failed without saying why" };
}
