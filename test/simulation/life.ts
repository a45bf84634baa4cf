import type { Clock, Random } from "@edgemere/protocol/kit";
import type { ManualClock } from "@edgemere/protocol/simulated";

/** Never resolves: what a dead process waits for. */
const forever = <T>(): Promise<T> => new Promise<T>(() => {});

export interface Latency {
  readonly shortest: number;
  readonly longest: number;
}

/**
 * The life of a process, from its start to a death without warning. Each of its contacts with the outside goes through
 * here, takes time and may be its last one: after its death nothing it asked for is done or answered any more.
 */
export class Life {
  readonly #clock: ManualClock;
  readonly #random: Random;
  readonly #bornAt: number;
  readonly #died: () => void;
  #contactsLeft = Infinity;
  #isOver = false;

  constructor(parts: { readonly clock: ManualClock; readonly random: Random; readonly died: () => void }) {
    this.#clock = parts.clock;
    this.#random = parts.random;
    this.#died = parts.died;
    this.#bornAt = parts.clock.monotonic();
  }

  get isOver(): boolean {
    return this.#isOver;
  }

  end(): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#died();
  }

  /** Dies at the contact of that number from now on. */
  endAtContact(number: number): void {
    this.#contactsLeft = number;
  }

  /** Lets the process have an effect outside, at some moment of the time it takes. */
  async contact<T>(effect: () => T | Promise<T>, { shortest, longest }: Latency): Promise<T> {
    if (this.#isOver) return forever();
    this.#contactsLeft -= 1;
    const isLast = this.#contactsLeft <= 0;
    const takes = shortest + Math.floor(this.#random.next() * (longest - shortest + 1));
    const before = Math.floor(this.#random.next() * (takes + 1));
    // Either before its effect or after it, and nobody knows which.
    if (isLast && before % 2 === 0) this.end();
    if (before > 0) await this.#clock.sleep(before);
    if (this.#isOver) return forever();
    try {
      const value = await effect();
      if (isLast) this.end();
      if (takes > before) await this.#clock.sleep(takes - before);
      return this.#isOver ? await forever<T>() : value;
    } catch (error) {
      if (!this.#isOver) throw error;
      return await forever<T>();
    }
  }

  /** A question that takes no time and changes nothing. */
  async ask<T>(question: () => Promise<T>): Promise<T> {
    if (this.#isOver) return forever();
    const answer = await question();
    return this.#isOver ? forever() : answer;
  }

  /** The clock as the process sees it: its own wall, and a monotonic time that began with it. */
  clock(wallOffset: () => number): Clock {
    return {
      now: () => this.#clock.now() + wallOffset(),
      monotonic: () => this.#clock.monotonic() - this.#bornAt,
      sleep: (ms, signal) =>
        new Promise((resolve) => {
          void this.#clock.sleep(ms, signal).then(() => {
            if (!this.#isOver) resolve();
          });
        }),
    };
  }
}
