import { ID_PATTERN, open, ProtocolError, type Command, type Reason, type Trust, type v1 } from "@edgemere/protocol";
import { judge, type JournalView, type Moment, type Rules } from "./admission.ts";
import type { JournalEntry } from "./journal-entry.ts";
import { endedEntry } from "./report.ts";

/** A delivery of envelopes, sorted into what must be done about it. */
export interface Intake {
  /** To be written down before anything else happens. */
  readonly entries: readonly JournalEntry[];
  /** Ids of the commands that wait to run once the entries are written. */
  readonly accepted: readonly string[];
  /** Ids that the journal has already. */
  readonly known: readonly string[];
  /** Well signed, and for somebody else. */
  readonly refused: readonly { readonly command: string; readonly reason: Reason; readonly detail: string }[];
  /** Envelopes that prove nothing: no command is answered by them, because anybody may have made them. */
  readonly untrusted: readonly ProtocolError[];
}

export interface IntakeContext {
  readonly trust: Trust;
  readonly rules: Rules;
  readonly journal: JournalView;
  readonly moment: Moment;
}

/** Verifies and judges what came. Decides only; what it says must be done, in its order. */
export function takeIn(envelopes: readonly v1.SignedEnvelope.$Shape[], context: IntakeContext): Intake {
  const { trust, rules, journal, moment } = context;
  const intake = {
    entries: [] as JournalEntry[],
    accepted: [] as string[],
    known: [] as string[],
    refused: [] as Intake["refused"][number][],
    untrusted: [] as ProtocolError[],
  };
  const [ids, sequences] = [new Set<string>(), new Set<number>()];
  const { open: notEnded, openBytes, ended, doubtedUntil, generation } = journal;
  const hasSeen = (sequence: number) => sequences.has(sequence) || journal.hasSeen(sequence);
  const view = { open: notEnded, openBytes, ended, doubtedUntil, generation, hasSeen };
  let acceptedBytes = 0;

  for (const envelope of envelopes) {
    const command = verified(envelope, trust);
    if (command instanceof ProtocolError) {
      intake.untrusted.push(command);
      continue;
    }
    // The same command twice in one delivery is one command.
    if (ids.has(command.command)) continue;
    const bytes = envelope.payload?.length ?? 0;
    const waiting = { commands: ids.size, bytes: acceptedBytes };
    const verdict = judge(command, bytes, rules, view, moment, waiting);
    if (verdict.verdict === "known") intake.known.push(command.command);
    else if (verdict.verdict === "refuse") intake.refused.push({ ...verdict, command: command.command });
    else {
      ids.add(command.command);
      sequences.add(command.sequence);
      if (verdict.verdict === "accept") {
        acceptedBytes += bytes;
        intake.accepted.push(command.command);
        intake.entries.push({ entry: "received", command: Buffer.from(envelope.payload ?? []).toString("base64") });
      } else intake.entries.push(endedEntry(command, verdict, moment.now));
    }
  }
  return intake;
}

function verified(envelope: v1.SignedEnvelope.$Shape, trust: Trust): Command | ProtocolError {
  try {
    const command = open("command", envelope, trust);
    if (!ID_PATTERN.test(command.command)) throw new ProtocolError("bad-id", "the command's id has other characters");
    return command;
  } catch (error) {
    if (error instanceof ProtocolError) return error;
    throw error;
  }
}
