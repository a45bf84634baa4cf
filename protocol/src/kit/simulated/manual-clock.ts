import type { Clock } from "../clock.ts";

interface Sleeper {
  readonly due: number;
  readonly order: number;
  readonly wake: () => void;
}

/** Lets every promise job that can run, run: between two events of a simulation nothing is left half way. */
export const drain = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

/** Stands still until it is advanced; wakes sleepers in the order in which they are due. */
export class ManualClock implements Clock {
  #monotonic = 0;
  #offset: number;
  #order = 0;
  #sleepers: Sleeper[] = [];

  constructor(start = Date.UTC(2026, 0, 1)) {
    this.#offset = start;
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
        order: this.#order++,
        wake: () => {
          signal?.removeEventListener("abort", sleeper.wake);
          this.#sleepers = this.#sleepers.filter((each) => each !== sleeper);
          resolve();
        },
      };
      signal?.addEventListener("abort", sleeper.wake);
      this.#sleepers.push(sleeper);
    });
  }

  /** When the next sleeper is due, on the monotonic clock; undefined when nobody sleeps. */
  get nextDue(): number | undefined {
    return this.#sleepers.length === 0 ? undefined : Math.min(...this.#sleepers.map((each) => each.due));
  }

  /** Moves on by `ms`, waking sleepers one at a time and letting each run as far as it gets. */
  async advance(ms: number): Promise<void> {
    const until = this.#monotonic + ms;
    await drain();
    for (let next = this.#next(until); next !== undefined; next = this.#next(until)) {
      this.#monotonic = Math.max(this.#monotonic, next.due);
      next.wake();
      await drain();
    }
    this.#monotonic = until;
  }

  /** Steps the wall clock; the monotonic one goes on as it was. */
  step(ms: number): void {
    this.#offset += ms;
  }

  #next(until: number): Sleeper | undefined {
    return this.#sleepers.filter((each) => each.due <= until).sort((a, b) => a.due - b.due || a.order - b.order)[0];
  }
}
