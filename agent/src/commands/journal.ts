import type { Appender, Clock, Disk, Log } from "@edgemere/protocol/kit";
import { readEntries, writeEntries, type JournalEntry } from "./journal-entry.ts";
import { JournalState } from "./journal-state.ts";

const FILE = "commands/journal";
// The journal is written anew, without what is over, when it has grown by this much.
const GROWTH = 1024 ** 2;

export interface OpenedJournal {
  readonly journal: Journal;
  /** Where a damaged journal was put, when that is what was found. */
  readonly setAside?: string;
}

/** What the agent has promised about commands, on the disk before it is true. Appends that were awaited survive anything. */
export class Journal implements AsyncDisposable {
  readonly #disk: Disk;
  readonly #clock: Clock;
  readonly #state: JournalState;
  /** Absent before the first append, and after a failed one: what that left in the file is unknown, so the file is written anew. */
  #appender: Appender | undefined;
  #sizeWhenNew = 0;
  #turn: Promise<unknown> = Promise.resolve();

  constructor(disk: Disk, clock: Clock, state: JournalState) {
    this.#disk = disk;
    this.#clock = clock;
    this.#state = state;
  }

  get state(): Omit<JournalState, "apply" | "doubt" | "forget"> {
    return this.#state;
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
      const appender = await this.#writable();
      await appender.write(writeEntries(entries));
      await appender.sync();
    } catch (error) {
      await this.#close();
      throw error;
    }
    for (const entry of entries) this.#state.apply(entry);
  }

  async #writable(): Promise<Appender> {
    if (this.#appender !== undefined && this.#appender.size < this.#sizeWhenNew + GROWTH) return this.#appender;
    await this.#close();
    this.#state.forget(this.#clock.now());
    await this.#disk.write(FILE, writeEntries(this.#state.entries()));
    this.#appender = await this.#disk.append(FILE);
    this.#sizeWhenNew = this.#appender.size;
    return this.#appender;
  }

  async #close(): Promise<void> {
    const appender = this.#appender;
    this.#appender = undefined;
    // Whether a file that is abandoned closes well changes nothing.
    await appender?.close().catch(() => {});
  }
}

/** Reads the journal of a former run. A damaged one is put aside, and what can still be read of it is kept. */
export async function openJournal(parts: {
  readonly disk: Disk;
  readonly clock: Clock;
  readonly log: Log;
}): Promise<OpenedJournal> {
  const { disk, clock, log } = parts;
  const content = await disk.read(FILE);
  const { entries, damagedLines } = readEntries(content ?? new Uint8Array());
  const state = new JournalState();
  for (const entry of entries) state.apply(entry);
  const journal = new Journal(disk, clock, state);
  if (damagedLines === 0) return { journal };

  const now = clock.now();
  const setAside = `${FILE}.damaged-${now}`;
  state.doubt(now);
  // A damaged line may have said that one of these was started.
  for (const id of state.open.keys()) state.apply({ entry: "started", id });
  log.error("the command journal is damaged and is set aside", { file: setAside, damagedLines });
  try {
    await disk.write(setAside, content ?? new Uint8Array());
    await disk.write(FILE, writeEntries(state.entries()));
  } catch (error) {
    // On a full disk the first append that succeeds replaces it; until then nothing is promised.
    log.error("the damaged command journal could not be replaced", { error });
  }
  return { journal, setAside };
}
