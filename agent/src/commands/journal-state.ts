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
  /** How things were before its last start; absent when its kind does not look, or the line is lost. */
  readonly mark?: string;
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
const MOST_REMEMBERED_BYTES = 2 * 1024 ** 2;

/** Doubt that lasts until the control plane is heard, whose clock then says how far it goes. */
export const UNTIL_HEARD = Number.MAX_SAFE_INTEGER;

/** What the journal says, in memory. Pure: the same entries give the same state. */
export class JournalState {
  readonly #open = new Map<string, OpenCommand>();
  readonly #ended = new Map<string, EndedCommand>();
  #window = new SequenceWindow();
  #openBytes = 0;
  #generation = 0;
  #doubtedUntil = 0;

  get open(): ReadonlyMap<string, OpenCommand> {
    return this.#open;
  }

  get ended(): ReadonlyMap<string, EndedCommand> {
    return this.#ended;
  }

  /** Bytes of the commands that have not ended. */
  get openBytes(): number {
    return this.#openBytes;
  }

  get highSequence(): number {
    return this.#window.highest;
  }

  /** The highest life of the control plane that spoke to this device. */
  get generation(): number {
    return this.#generation;
  }

  /** The journal may have lost commands that were issued up to this instant of the control plane's clock; 0 when it lost none. */
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
        this.#close(command.command);
        this.#openBytes += bytes.length;
        this.#open.set(command.command, { command, bytes, starts: 0 });
        return this.#window.add(command.sequence);
      }
      case "started": {
        const { id, mark } = entry;
        const open = this.#open.get(id);
        if (open === undefined) return;
        const { command, bytes, starts } = open;
        this.#open.set(id, { command, bytes, starts: starts + 1, ...(mark === undefined ? {} : { mark }) });
        return;
      }
      case "ended": {
        this.#close(entry.id);
        const { id, sequence, expiresAt } = entry;
        const report = Buffer.from(entry.report, "base64");
        this.#ended.set(id, { id, sequence, expiresAt, report, reported: false });
        return this.#window.add(sequence);
      }
      case "reported": {
        const ended = this.#ended.get(entry.id);
        if (ended !== undefined) this.#ended.set(entry.id, { ...ended, reported: true });
        return;
      }
      case "seen":
        this.#window = new SequenceWindow(entry.floor, entry.above);
        return;
      case "heard":
        this.#generation = entry.generation;
        this.#doubtedUntil = entry.doubtedUntil;
    }
  }

  /** From now on unknown commands are not trusted to be new, until the control plane is heard. */
  doubt(): void {
    this.#doubtedUntil = UNTIL_HEARD;
  }

  /** Forgets ended commands that were reported and will hardly come again. */
  forget(now: number): void {
    let count = 0;
    let bytes = 0;
    // The newest are kept.
    for (const each of [...this.#ended.values()].reverse()) {
      if (!each.reported) continue;
      count += 1;
      bytes += each.report.length;
      if (count > MOST_REMEMBERED || bytes > MOST_REMEMBERED_BYTES || each.expiresAt + REMEMBERED < now)
        this.#ended.delete(each.id);
    }
  }

  /** The shortest journal that says the same. */
  entries(): readonly JournalEntry[] {
    const { floor, above } = this.#window;
    const received = [...this.#open.values()].flatMap(({ command, bytes, starts, mark }): JournalEntry[] => {
      const started = { entry: "started" as const, id: command.command, ...(mark === undefined ? {} : { mark }) };
      return [
        { entry: "received", command: Buffer.from(bytes).toString("base64") },
        ...Array.from({ length: starts }, () => started),
      ];
    });
    const ended = [...this.#ended.values()].flatMap(({ report, reported, ...rest }): JournalEntry[] => [
      { entry: "ended", ...rest, report: Buffer.from(report).toString("base64") },
      ...(reported ? [{ entry: "reported" as const, id: rest.id }] : []),
    ]);
    const heard = { entry: "heard" as const, generation: this.#generation, doubtedUntil: this.#doubtedUntil };
    return [{ entry: "seen", floor, above }, heard, ...received, ...ended];
  }

  #close(id: string): void {
    this.#openBytes -= this.#open.get(id)?.bytes.length ?? 0;
    this.#open.delete(id);
  }
}
