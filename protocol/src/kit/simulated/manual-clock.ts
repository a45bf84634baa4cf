import type { Clock } from "../clock.ts";

interface Sleeper {
  readonly due: number;
  /** Of those due together, who slept first wakes first. */
  readonly turn: number;
  readonly wake: () => void;
  isAwake: boolean;
}

/** Lets every promise job that can run, run: between two events of a simulation nothing is left half way. */
export const drain = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

/** Stands still until it is advanced; wakes sleepers in the order in which they are due. */
export class ManualClock implements Clock {
  #monotonic = 0;
  #offset: number;
  #turns = 0;
  /** A binary heap: the first is due first. Who was woken early stays in it until then. */
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
        turn: this.#turns++,
        isAwake: false,
        wake: () => {
          signal?.removeEventListener("abort", sleeper.wake);
          sleeper.isAwake = true;
          resolve();
        },
      };
      signal?.addEventListener("abort", sleeper.wake);
      this.#add(sleeper);
    });
  }

  /** When the next sleeper is due, on the monotonic clock; undefined when nobody sleeps. */
  get nextDue(): number | undefined {
    return this.#next()?.due;
  }

  /** Moves on by `ms`, waking sleepers one at a time and letting each run as far as it gets. */
  async advance(ms: number): Promise<void> {
    const until = this.#monotonic + ms;
    await this.#untilIdle();
    for (let next = this.#next(); next !== undefined && next.due <= until; next = this.#next()) {
      this.#monotonic = Math.max(this.#monotonic, next.due);
      this.#removeFirst();
      next.wake();
      await this.#untilIdle();
    }
    this.#monotonic = until;
  }

  /** Steps the wall clock; the monotonic one goes on as it was. */
  step(ms: number): void {
    this.#offset += ms;
  }

  #next(): Sleeper | undefined {
    while (this.#sleepers[0]?.isAwake) this.#removeFirst();
    return this.#sleepers[0];
  }

  #add(sleeper: Sleeper): void {
    const heap = this.#sleepers;
    let at = heap.push(sleeper) - 1;
    while (at > 0) {
      const above = (at - 1) >> 1;
      const parent = heap[above];
      if (parent === undefined || !isBefore(sleeper, parent)) break;
      heap[at] = parent;
      at = above;
    }
    heap[at] = sleeper;
  }

  #removeFirst(): void {
    const heap = this.#sleepers;
    const last = heap.pop();
    if (last === undefined || heap.length === 0) return;
    let at = 0;
    for (;;) {
      const [left, right] = [heap[2 * at + 1], heap[2 * at + 2]];
      if (left === undefined) break;
      const isRight = right !== undefined && isBefore(right, left);
      const child = isRight ? right : left;
      if (!isBefore(child, last)) break;
      heap[at] = child;
      at = 2 * at + (isRight ? 2 : 1);
    }
    heap[at] = last;
  }
}

const isBefore = (one: Sleeper, other: Sleeper): boolean =>
  one.due < other.due || (one.due === other.due && one.turn < other.turn);
