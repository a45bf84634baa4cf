import type { Clock } from "../clock.ts";

interface Sleeper {
  readonly due: number;
  readonly wake: () => void;
}

/** Lets every promise job that can run, run: between two events of a simulation nothing is left half way. */
export const drain = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

/** Stands still until it is advanced; wakes sleepers in the order in which they are due. */
export class ManualClock implements Clock {
  #monotonic = 0;
  #offset: number;
  /** In the order in which they are due; of those due together, who slept first. */
  readonly #sleepers: Sleeper[] = [];
  readonly #untilIdle: () => Promise<void>;

  /** `untilIdle` resolves when everything that was woken has run as far as it gets. */
  constructor(start = Date.UTC(2026, 0, 1), untilIdle = drain) {
    this.#offset = start;
    this.#untilIdle = untilIdle;
  }

  now(): number {
    return this.#offset + this.#monotonic;
  }

  monotonic(): number {
    return this.#monotonic;
  }

  sleep(ms: number, signal?: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      if (signal?.aborted) return resolve();
      const sleeper: Sleeper = {
        due: this.#monotonic + Math.max(0, ms),
        wake: () => {
          signal?.removeEventListener("abort", sleeper.wake);
          const at = this.#sleepers.indexOf(sleeper);
          if (at !== -1) this.#sleepers.splice(at, 1);
          resolve();
        },
      };
      signal?.addEventListener("abort", sleeper.wake);
      const later = this.#sleepers.findLastIndex((each) => each.due <= sleeper.due);
      this.#sleepers.splice(later + 1, 0, sleeper);
    });
  }

  /** When the next sleeper is due, on the monotonic clock; undefined when nobody sleeps. */
  get nextDue(): number | undefined {
    return this.#sleepers[0]?.due;
  }

  /** Moves on by `ms`, waking sleepers one at a time and letting each run as far as it gets. */
  async advance(ms: number): Promise<void> {
    const until = this.#monotonic + ms;
    await this.#untilIdle();
    for (let next = this.#sleepers[0]; next !== undefined && next.due <= until; next = this.#sleepers[0]) {
      this.#monotonic = Math.max(this.#monotonic, next.due);
      next.wake();
      await this.#untilIdle();
    }
    this.#monotonic = until;
  }

  /** Steps the wall clock; the monotonic one goes on as it was. */
  step(ms: number): void {
    this.#offset += ms;
  }
}
