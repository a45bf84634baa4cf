import {
  commandLife,
  phaseNames,
  seal,
  type CommandReport,
  type CommandSignal,
  type CommandState,
  type SigningKey,
  v1,
} from "@edgemere/protocol";
import type { Command, Job } from "./contract.ts";
import { taskOf } from "./kinds.ts";

/** A command as it travels. The same row always gives the same bytes: a repeat can be told from a forgery. */
export const sealed = (command: Command, key: SigningKey, trustDomain: string): v1.SignedEnvelope.$Shape =>
  seal(
    "command",
    {
      trustDomain,
      device: command.device,
      command: command.id,
      sequence: command.sequence,
      issuedAtMs: command.createdAt,
      expiresAtMs: command.expiresAt,
      runTimeoutMs: command.runTimeout,
      actor: command.author,
      ...taskOf(command.kind, command.arguments),
    },
    key,
  );

/** What a device's report means for a command; undefined when it is late, repeated, or out of turn. */
export function judge(state: CommandState, report: CommandReport): CommandSignal | undefined {
  const signal = phaseNames[report.phase];
  return signal !== undefined && commandLife.can(state, signal) ? signal : undefined;
}

/** The fields that a report tells about. */
export function told(report: CommandReport): Partial<Command> {
  const { reason, detail, startedAtMs, finishedAtMs } = report;
  const result = resultOf(report);
  return {
    ...(reason !== "" && { reason }),
    ...(detail !== "" && { detail }),
    ...(startedAtMs > 0 && { startedAt: startedAtMs }),
    ...(finishedAtMs > 0 && { finishedAt: finishedAtMs }),
    ...(result !== undefined && { result }),
  };
}

/** What the kind gave, with every field: on the wire a zero is left out. */
function resultOf(report: CommandReport): Command["result"] {
  const { result, ...whole } = v1.CommandReport.toObject(report, { defaults: true, oneofs: true });
  return result === undefined ? undefined : (whole[result as string] as Command["result"]);
}

/** How a job ends when its commands are in these states; undefined while one is open. Partial success is not success. */
export function outcomeOf(states: readonly CommandState[]): "succeed" | "fail" | "cancel" | "partly" | undefined {
  if (states.some((state) => !commandLife.isFinal(state))) return undefined;
  if (states.every((state) => state === "succeeded")) return "succeed";
  if (states.every((state) => state === "cancelled")) return "cancel";
  return states.includes("succeeded") ? "partly" : "fail";
}

/** The output a command sent, as far as its result tells, what was dropped not among it; undefined when it tells nothing. */
export const outputBytesSent = ({ result }: Command): number | undefined =>
  (result as { readonly outputBytes?: number } | undefined)?.outputBytes;

export const isOver = (job: Job): boolean => job.state !== "running";
