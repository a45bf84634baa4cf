import { HOUR, type Appender, type Clock, type Disk, type Log } from "@edgemere/protocol/kit";
import { writeEntries, type JournalEntry } from "./journal-entry.ts";
import type { JournalState } from "./journal-state.ts";

export const JOURNAL_FILE = "commands/journal";
// The journal is written anew, without what is over, when it has grown by this much.
const GROWTH = 1024 ** 2;

export interface JournalParts {
  readonly disk: Disk;
  readonly clock: Clock;
  readonly log: Log;
}

/** What the agent has promised about commands, on the disk before it is true. Appends that were awaited survive anything. */
export class Journal implements AsyncDisposable {
  readonly #parts: JournalParts;
  readonly #state: JournalState;
  /** Absent before the first append, and after a failed one: what that left in the file is unknown, so the file is written anew. */
  #appender: Appender | undefined;
  #sizeWhenNew = 0;
  #failedAt: number | undefined;
  #turn: Promise<unknown> = Promise.resolve();

  constructor(parts: JournalParts, state: JournalState) {
    this.#parts = parts;
    this.#state = state;
  }

  get state(): Omit<JournalState, "apply" | "doubt" | "forget"> {
    return this.#state;
  }

  /** The disk refused a write within the last hour. */
  get isFailing(): boolean {
    return this.#failedAt !== undefined && this.#parts.clock.monotonic() - this.#failedAt < HOUR;
  }

  /** Resolves when the entries are durable; only then are they part of the state. Rejects when nothing may be built on them. */
  append(...entries: readonly JournalEntry[]): Promise<void> {
    const turn = this.#turn.then(() => this.#append(entries));
    this.#turn = turn.catch(() => {});
    return turn;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#turn;
    await this.#close();
  }

  async #append(entries: readonly JournalEntry[]): Promise<void> {
    try {
      await this.#extend(entries);
    } catch (error) {
      // A file whose sync failed once may say the next time that all is well, and lie: it is left at once.
      const { clock, log } = this.#parts;
      this.#failedAt = clock.monotonic();
      log.warn("the command journal could not be extended and is written anew", { error });
      await this.#writeAnew(entries);
    }
    for (const entry of entries) this.#state.apply(entry);
  }

  async #extend(entries: readonly JournalEntry[]): Promise<void> {
    const { disk } = this.#parts;
    if (this.#appender === undefined || this.#appender.size >= this.#sizeWhenNew + GROWTH) {
      await this.#writeAnew([]);
      this.#appender = await disk.append(JOURNAL_FILE);
      this.#sizeWhenNew = this.#appender.size;
    }
    await this.#appender.write(writeEntries(entries));
    await this.#appender.sync();
  }

  /** Replaces the file by what is still needed, and what is new. */
  async #writeAnew(entries: readonly JournalEntry[]): Promise<void> {
    await this.#close();
    this.#state.forget(this.#parts.clock.now());
    await this.#parts.disk.write(JOURNAL_FILE, writeEntries([...this.#state.entries(), ...entries]));
  }

  async #close(): Promise<void> {
    const appender = this.#appender;
    this.#appender = undefined;
    // Whether a file that is abandoned closes well changes nothing.
    await appender?.close().catch(() => {});
  }
}
