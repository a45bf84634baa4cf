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
  /** Which rule of the host itself forbids a command at a moment; undefined when none does. */
  readonly forbids: (command: Command, now: number) => string | undefined;
  readonly handlers: Handlers;
  /** Deaths of the agent soon after its start, in a row, when they are so many that it takes no commands; 0 otherwise. */
  readonly earlyDeaths: number;
  /** The outbox can keep more results. */
  readonly hasRoomForResults: boolean;
}

/** What of the journal is looked at. */
export type JournalView = Pick<
  JournalState,
  "open" | "openBytes" | "ended" | "hasSeen" | "doubtedUntil" | "generation"
>;

/** What was accepted of the same delivery already. */
export interface Waiting {
  readonly commands: number;
  readonly bytes: number;
}

/** The moment of judging, by the control plane's clock as far as it is known, and by the device's own. */
export interface Moment {
  readonly correctedNow: number;
  readonly now: number;
}

// More than this are a mistake, not work; each costs memory and a place in every Hello.
const MOST_OPEN_BYTES = 4 * 1024 ** 2;

/** Decides about a command of the given size. */
export function judge(
  command: Command,
  bytes: number,
  rules: Rules,
  journal: JournalView,
  { correctedNow }: Moment,
  waiting: Waiting,
): Verdict {
  if (command.device !== rules.device || command.trustDomain !== rules.trustDomain)
    return { verdict: "refuse", reason: "wrong-device", detail: "the command names another device or trust domain" };
  if (journal.open.has(command.command) || journal.ended.has(command.command)) return { verdict: "known" };
  if (command.generation < journal.generation)
    return {
      verdict: "refuse",
      reason: "outdated-control-plane",
      detail: `it is of generation ${command.generation}, and generation ${journal.generation} has spoken to this device`,
    };
  const isInDoubt = command.issuedAtMs <= journal.doubtedUntil;
  // Of a damaged journal the number may be left where the command is lost.
  if (journal.hasSeen(command.sequence))
    return isInDoubt
      ? mayHaveRun
      : rejected("replayed", `sequence number ${command.sequence} has come before, with another command`);
  const kind = kindOfTask(command.task);
  if (kind === undefined) return rejected("unsupported", "this agent's version does not know this kind of command");
  if (isInDoubt && commandKinds[kind].onInterrupt !== "converge") return mayHaveRun;
  if (commandKinds[kind].dangerous && !rules.allow.includes(kind))
    return rejected(
      "not-allowed",
      `${kind} is not allowed on this device; whoever runs the agent there may allow it: edgemere-agent run --allow ${kind}`,
    );
  const rule = rules.forbids(command, correctedNow);
  if (rule !== undefined) return rejected("forbidden-here", rule);
  const wrong = timesWrong(command) ?? argumentsWrong(kind, command, rules.handlers);
  if (wrong !== undefined) return rejected("bad-arguments", wrong);
  if (command.expiresAtMs <= correctedNow)
    return end("expired", "too-old", `it came ${correctedNow - command.expiresAtMs} ms after its deadline`);
  if (rules.earlyDeaths > 0 && kind !== "ping") return end("rejected", "safe-mode", safeModeDetail(rules.earlyDeaths));
  if (!rules.hasRoomForResults)
    return rejected("spool-full", "this device has no room for more results until those it has are delivered");
  if (journal.open.size + waiting.commands >= limits.openCommands)
    return rejected("journal-full", `${limits.openCommands} commands are open on this device already`);
  if (journal.openBytes + waiting.bytes + bytes > MOST_OPEN_BYTES)
    return rejected("journal-full", `the commands that are open on this device take ${MOST_OPEN_BYTES} bytes already`);
  return { verdict: "accept" };
}

/** Why nothing but ping runs, for whoever looks at a refused command. */
export const safeModeDetail = (earlyDeaths: number): string =>
  `the agent died ${earlyDeaths} times in a row soon after its start; until it has run for an hour it runs ping only`;

const end = (phase: "rejected" | "expired" | "interrupted", reason: Reason, detail: string): Verdict => ({
  verdict: "end",
  phase,
  reason,
  detail,
});
const mayHaveRun = end(
  "interrupted",
  "agent-stopped",
  "the journal was damaged after this was issued: it may have run already",
);
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
