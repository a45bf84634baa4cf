import {
  commandKinds,
  commandLife,
  cutText,
  isFinalPhase,
  isReason,
  phaseNames,
  roleOfTask,
  seal,
  type CommandReport,
  type CommandSignal,
  type CommandState,
  type Encodable,
  v1,
} from "@edgemere/protocol";
import type { Signer } from "../../platform/signer.ts";
import { job, type Command, type Job } from "./contract.ts";
import { taskOf } from "./checked-arguments.ts";
import { boxOf } from "./secrets.ts";

/** A command as it travels, unsigned. */
export const bodyOf = (command: Command, trustDomain: string): Encodable<typeof v1.Command> => ({
  trustDomain,
  device: command.device,
  command: command.id,
  sequence: command.sequence,
  issuedAtMs: command.createdAt,
  expiresAtMs: command.expiresAt,
  runTimeoutMs: command.runTimeout,
  actor: command.author,
  generation: command.generation,
  approvals: command.approvals ?? [],
  ...taskOf(
    command.kind,
    command.sealed ? { ...command.arguments, secrets: boxOf(command.sealed) } : command.arguments,
  ),
});

/** A command as it travels. The same row always gives the same signed bytes: a repeat can be told from a forgery. */
export function sealed(command: Command, signer: Signer, trustDomain: string): v1.SignedEnvelope.$Shape {
  const role = roleOfTask(commandKinds[command.kind].task);
  const keys = signer.keysFor(role);
  // Devices that have not heard of roles yet know the keys for ordinary commands only.
  const forOldDevices = role === "dangerous" ? signer.keysFor("commands") : [];
  return seal("command", bodyOf(command, trustDomain), ...keys, ...forOldDevices);
}

/**
 * What a device's report means for a command; undefined when it is late, repeated, or out of turn. A device that says
 * that a command never began, and had said that it runs, has forgotten it: nobody will hear how it ended.
 */
export function judge(state: CommandState, report: CommandReport): CommandSignal | undefined {
  const signal = phaseNames[report.phase];
  if (signal === undefined || commandLife.can(state, signal)) return signal;
  return state === "running" && isFinalPhase(report.phase) ? "lose" : undefined;
}

/**
 * No device can have heard of it. One that waits since before a restore may have been sent in the life that the backup
 * does not know.
 */
export const isUnheard = ({ state, generation }: Pick<Command, "state" | "generation">, now: number): boolean =>
  state === "queued" && generation === now;

/** The fields that a report tells about. A reason that is none of ours is only a detail of a failure. */
export function told(report: CommandReport): Partial<Command> {
  const { reason, detail, startedAtMs, finishedAtMs } = report;
  const result = resultOf(report);
  const isKnown = reason === "" || isReason(reason);
  const words = isKnown ? detail : cutText(`${reason}: ${detail}`);
  return {
    ...(reason !== "" && { reason: isKnown ? reason : "failed" }),
    ...(words !== "" && { detail: words }),
    ...(startedAtMs > 0 && { startedAt: startedAtMs }),
    ...(finishedAtMs > 0 && { finishedAt: finishedAtMs }),
    ...(result !== undefined && { result }),
  };
}

/** What the kind gave, with every field: on the wire a zero is left out. Who was ended by a signal has no exit code. */
function resultOf(report: CommandReport): Command["result"] {
  const { result, ...whole } = v1.CommandReport.toObject(report, { defaults: true, oneofs: true, bytes: String });
  if (result === undefined) return undefined;
  const { exitCode, ...rest } = whole[result as string] as NonNullable<Command["result"]>;
  return exitCode === undefined || rest["signal"] ? rest : { exitCode, ...rest };
}

/**
 * What a report that came too late says beside the end that counts; undefined when it says the same, or nothing final.
 * Only the first one is kept: a device may repeat itself for ever.
 */
export function evidence(row: Command, report: CommandReport, receivedAt: number): Command["lateResult"] {
  const state = endOf(report);
  if (state === undefined || !commandLife.isFinal(row.state) || row.lateResult !== undefined) return undefined;
  const { reason = "", detail = "", result } = told(report);
  if (state === row.state && reason === row.reason) return undefined;
  return { state, reason, detail, receivedAt, ...(result !== undefined && { result }) };
}

/** The final state that a report speaks of. */
function endOf(report: CommandReport): CommandState | undefined {
  const signal = phaseNames[report.phase];
  const isEnd = signal !== undefined && isFinalPhase(report.phase) && commandLife.can("offered", signal);
  return isEnd ? commandLife.next("offered", signal) : undefined;
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

/** How much more it wrote than may be kept of it, by its own word. */
export const outputBytesDropped = ({ result }: Command): number =>
  (result as { readonly droppedBytes?: number } | undefined)?.droppedBytes ?? 0;

export const isOver = ({ state }: Job): boolean => job.life.isFinal(state);
