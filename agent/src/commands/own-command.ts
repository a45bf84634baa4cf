import { decode, v1, type Encodable } from "@edgemere/protocol";
import { judge, type JournalView, type Moment, type Rules } from "./admission.ts";
import type { JournalEntry } from "./journal-entry.ts";
import { endedEntry } from "./report.ts";

/** What a command that the device asks of itself says of itself. */
export type OwnCommand = Encodable<typeof v1.Command>;

/**
 * Judges a command that the device asks of itself, as if it had come: by the same rules, and known by its id alone, because its number is none
 * of the control plane's.
 */
export function takeOwn(
  asked: OwnCommand,
  { rules, journal, moment }: { readonly rules: Rules; readonly journal: JournalView; readonly moment: Moment },
): { readonly entries: readonly JournalEntry[]; readonly problem?: string } {
  const { device, trustDomain } = rules;
  const bytes = v1.Command.encode({ ...asked, device, trustDomain, generation: journal.generation }).finish();
  const command = decode(v1.Command, bytes);
  const { open, openBytes, ended, doubtedUntil, generation } = journal;
  const view = { open, openBytes, ended, doubtedUntil, generation, hasSeen: () => false };
  const verdict = judge(command, bytes.length, rules, view, moment, { commands: 0, bytes: 0 });
  if (verdict.verdict === "known") return { entries: [] };
  if (verdict.verdict === "accept")
    return { entries: [{ entry: "received", command: Buffer.from(bytes).toString("base64") }] };
  const { reason, detail: problem } = verdict;
  if (verdict.verdict === "refuse") return { entries: [], problem };
  return { entries: [endedEntry(command, { phase: verdict.phase, reason, detail: problem }, moment.now)], problem };
}
