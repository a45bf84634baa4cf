import { MINUTE, type Clock } from "@edgemere/protocol/kit";
import { isDiskFull } from "./disk-full.ts";

// A disk that failed once is not trusted the moment it works again.
const TRUSTED_AFTER = 10 * MINUTE;

/** What writes have shown of the disk. */
export class DiskHealth {
  readonly #clock: Clock;
  #isFull = false;
  #lastFailed = false;
  #failedAt = -Infinity;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** The last write found no room. */
  get isFull(): boolean {
    return this.#isFull;
  }

  /** A write failed for another cause than room, and writes have not succeeded for a while since. */
  get isFailing(): boolean {
    return this.#lastFailed || this.#clock.monotonic() - this.#failedAt < TRUSTED_AFTER;
  }

  succeeded(): void {
    this.#isFull = false;
    this.#lastFailed = false;
  }

  failed(error: unknown): void {
    if (isDiskFull(error)) this.#isFull = true;
    else {
      this.#lastFailed = true;
      this.#failedAt = this.#clock.monotonic();
    }
  }
}
