import { MINUTE, type Clock, type Disk, type Log } from "@edgemere/protocol/kit";
import { elapsedOf, monthOf } from "./calendar-month.ts";

/** What was sent and received in a month, with what it takes on the wire. */
export interface DataUse {
  /** Of UTC, such as "2026-11". */
  readonly month: string;
  readonly bytes: number;
}

interface DataMeterParts {
  readonly disk: Disk;
  readonly clock: Clock;
  readonly log: Log;
  /** The true time as far as it is known, and whether it is. */
  readonly now: () => number;
  readonly isTimeKnown: () => boolean;
}

const FILE = "data-use";
// What is counted since then is forgotten by a crash.
const WRITTEN_EVERY = 5 * MINUTE;

/** Counts the bytes of this month over restarts. A month begins only when the time is known: a clock that starts in 1970 begins none. */
export class DataMeter implements AsyncDisposable {
  readonly #parts: DataMeterParts;
  #use: DataUse;
  #writtenAt: number;
  #isStale = false;
  #writing: Promise<void> = Promise.resolve();

  private constructor(parts: DataMeterParts, use: DataUse) {
    this.#parts = parts;
    this.#use = use;
    this.#writtenAt = parts.clock.monotonic();
  }

  static async open(parts: DataMeterParts): Promise<DataMeter> {
    const found = await readDataUse(parts.disk);
    return new DataMeter(parts, found ?? { month: monthOf(parts.now()), bytes: 0 });
  }

  get use(): DataUse {
    const month = monthOf(this.#parts.now());
    if (month !== this.#use.month && this.#parts.isTimeKnown()) this.#use = { month, bytes: 0 };
    return this.#use;
  }

  /** How much of the month is over, as a share of 1. */
  get elapsed(): number {
    return elapsedOf(this.use.month, this.#parts.now());
  }

  moved(bytes: number): void {
    const { month, bytes: before } = this.use;
    this.#use = { month, bytes: before + bytes };
    this.#isStale = true;
    const now = this.#parts.clock.monotonic();
    if (now - this.#writtenAt < WRITTEN_EVERY) return;
    this.#writtenAt = now;
    this.#write();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#write();
    await this.#writing;
  }

  #write(): void {
    if (!this.#isStale) return;
    this.#isStale = false;
    const { disk, log } = this.#parts;
    const text = Buffer.from(`${JSON.stringify(this.#use)}\n`);
    this.#writing = this.#writing
      .then(() => disk.write(FILE, text))
      // On a full disk the next run counts from what was written before.
      .catch((error: unknown) => log.debug("the use of data was not written down", { error }));
  }
}

/** What was written down last; undefined when there is nothing that can be read. */
export async function readDataUse(disk: Disk): Promise<DataUse | undefined> {
  try {
    const bytes = await disk.read(FILE);
    if (bytes === undefined) return undefined;
    const { month, bytes: count } = JSON.parse(new TextDecoder().decode(bytes)) as DataUse;
    const isUse = /^\d{4}-(0[1-9]|1[0-2])$/.test(month) && Number.isSafeInteger(count) && count >= 0;
    return isUse ? { month, bytes: count } : undefined;
  } catch {
    return undefined;
  }
}
