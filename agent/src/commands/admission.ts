import { commandKinds, kindOfTask, limits, type Command, type CommandKind, type Reason } from "@edgemere/protocol";
import type { Handlers } from "./handlers/index.ts";
import type { JournalState } from "./journal-state.ts";

/** What becomes of a command whose signature was found right. */
export type Verdict =
  | { readonly verdict: "accept" }
  /** It is known: nothing is run, its last report may be repeated. */
  | { readonly verdict: "known" }
  /** It ends here, and that is written down. */
  | {
      readonly verdict: "end";
      readonly phase: "rejected" | "expired" | "interrupted";
      readonly reason: Reason;
      readonly detail: string;
    }
  /** Refused without a trace in the journal: its number is not of this device's row. */
  | { readonly verdict: "refuse"; readonly reason: Reason; readonly detail: string };

export interface Rules {
  readonly device: string;
  readonly trustDomain: string;
  readonly allow: readonly CommandKind[];
  readonly handlers: Handlers;
}

/** The moment of judging, by the control plane's clock and by the device's own. */
export interface Moment {
  readonly correctedNow: number;
  readonly now: number;
}

/** Decides about a command; `waiting` counts those of the same delivery that were accepted before it. */
export function judge(
  command: Command,
  rules: Rules,
  journal: Pick<JournalState, "open" | "ended" | "hasSeen" | "doubtedUntil">,
  { correctedNow, now }: Moment,
  waiting: number,
): Verdict {
  if (command.device !== rules.device || command.trustDomain !== rules.trustDomain)
    return { verdict: "refuse", reason: "wrong-device", detail: "the command names another device or trust domain" };
  if (journal.open.has(command.command) || journal.ended.has(command.command)) return { verdict: "known" };
  if (journal.hasSeen(command.sequence))
    return rejected("replayed", `sequence number ${command.sequence} has come before, with another command`);
  const kind = kindOfTask(command.task);
  if (kind === undefined) return rejected("unsupported", "this agent's version does not know this kind of command");
  const issuedAt = command.issuedAtMs + now - correctedNow;
  if (issuedAt <= journal.doubtedUntil && commandKinds[kind].onInterrupt !== "converge")
    return end(
      "interrupted",
      "agent-stopped",
      "the journal was damaged after this was issued: it may have run already",
    );
  if (commandKinds[kind].dangerous && !rules.allow.includes(kind))
    return rejected(
      "not-allowed",
      `${kind} is not allowed on this device; whoever runs the agent there may allow it: edgemere-agent run --allow ${kind}`,
    );
  const wrong = timesWrong(command) ?? argumentsWrong(kind, command, rules.handlers);
  if (wrong !== undefined) return rejected("bad-arguments", wrong);
  if (command.expiresAtMs <= correctedNow)
    return end("expired", "too-old", `it came ${correctedNow - command.expiresAtMs} ms after its deadline`);
  // More than this are a mistake, not work; each costs memory and a place in every Hello.
  if (journal.open.size + waiting >= limits.openCommands)
    return rejected("journal-full", `${limits.openCommands} commands are open on this device already`);
  return { verdict: "accept" };
}

const end = (phase: "rejected" | "expired" | "interrupted", reason: Reason, detail: string): Verdict => ({
  verdict: "end",
  phase,
  reason,
  detail,
});
const rejected = (reason: Reason, detail: string) => end("rejected", reason, detail);

function timesWrong({ issuedAtMs, expiresAtMs, runTimeoutMs }: Command): string | undefined {
  if (expiresAtMs - issuedAtMs > limits.commandValidity) return "expires_at_ms: more than 7 days after issued_at_ms";
  if (runTimeoutMs < 1 || runTimeoutMs > limits.commandValidity) return "run_timeout_ms: must be from 1 ms to 7 days";
  return undefined;
}

function argumentsWrong(kind: CommandKind, command: Command, handlers: Handlers): string | undefined {
  const given = command[commandKinds[kind].task];
  return given ? handlers[kind].check?.(given as never) : undefined;
}
