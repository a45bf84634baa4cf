import { decode, v1, type Command } from "@edgemere/protocol";
import { DAY } from "@edgemere/protocol/kit";
import type { JournalEntry } from "./journal-entry.ts";
import { SequenceWindow } from "./sequence-window.ts";

/** A command that has not ended. */
export interface OpenCommand {
  readonly command: Command;
  /** The command as it was signed. */
  readonly bytes: Uint8Array;
  /** How often it was started; more than once only after the agent died while it ran. */
  readonly starts: number;
}

/** A command that has ended, with its final report as bytes of a CommandReport. */
export interface EndedCommand {
  readonly id: string;
  readonly sequence: number;
  readonly expiresAt: number;
  readonly report: Uint8Array;
  readonly reported: boolean;
}

// A command that comes again after this is known by its sequence number only.
const REMEMBERED = 7 * DAY;
const MOST_REMEMBERED = 1_000;

/** What the journal says, in memory. Pure: the same entries give the same state. */
export class JournalState {
  readonly #open = new Map<string, OpenCommand>();
  readonly #ended = new Map<string, EndedCommand>();
  #window = new SequenceWindow();
  #doubtedUntil = 0;

  get open(): ReadonlyMap<string, OpenCommand> {
    return this.#open;
  }

  get ended(): ReadonlyMap<string, EndedCommand> {
    return this.#ended;
  }

  get highSequence(): number {
    return this.#window.highest;
  }

  /** The journal may have lost commands that came before this instant; 0 when it lost none. */
  get doubtedUntil(): number {
    return this.#doubtedUntil;
  }

  hasSeen(sequence: number): boolean {
    return this.#window.has(sequence);
  }

  apply(entry: JournalEntry): void {
    switch (entry.entry) {
      case "received": {
        const bytes = Buffer.from(entry.command, "base64");
        const command = decode(v1.Command, bytes);
        this.#open.set(command.command, { command, bytes, starts: 0 });
        return this.#window.add(command.sequence);
      }
      case "started": {
        const open = this.#open.get(entry.id);
        if (open !== undefined) this.#open.set(entry.id, { ...open, starts: open.starts + 1 });
        return;
      }
      case "ended": {
        this.#open.delete(entry.id);
        const { id, sequence, expiresAt } = entry;
        this.#ended.set(id, {
          id,
          sequence,
          expiresAt,
          report: Buffer.from(entry.report, "base64"),
          reported: false,
        });
        return this.#window.add(sequence);
      }
      case "reported": {
        const ended = this.#ended.get(entry.id);
        if (ended !== undefined) this.#ended.set(entry.id, { ...ended, reported: true });
        return;
      }
      case "seen":
        this.#window = new SequenceWindow(entry.floor, entry.above);
        this.#doubtedUntil = entry.doubtedUntil;
    }
  }

  /** From now on unknown commands that were issued before this instant are not trusted to be new. */
  doubt(until: number): void {
    this.#doubtedUntil = until;
  }

  /** Forgets ended commands that were reported and will hardly come again. */
  forget(now: number): void {
    const reported = [...this.#ended.values()].filter((each) => each.reported);
    const surplus = new Set(reported.slice(0, Math.max(0, reported.length - MOST_REMEMBERED)));
    for (const each of reported)
      if (surplus.has(each) || each.expiresAt + REMEMBERED < now) this.#ended.delete(each.id);
  }

  /** The shortest journal that says the same. */
  entries(): readonly JournalEntry[] {
    const { floor, above } = this.#window;
    const received = [...this.#open.values()].flatMap(({ command, bytes, starts }): JournalEntry[] => [
      { entry: "received", command: Buffer.from(bytes).toString("base64") },
      ...Array.from({ length: starts }, () => ({ entry: "started" as const, id: command.command })),
    ]);
    const ended = [...this.#ended.values()].flatMap(({ report, reported, ...rest }): JournalEntry[] => [
      { entry: "ended", ...rest, report: Buffer.from(report).toString("base64") },
      ...(reported ? [{ entry: "reported" as const, id: rest.id }] : []),
    ]);
    return [{ entry: "seen", floor, above, doubtedUntil: this.#doubtedUntil }, ...received, ...ended];
  }
}
