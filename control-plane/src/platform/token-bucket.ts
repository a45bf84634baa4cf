export interface Rate {
  readonly perSecond: number;
  readonly burst: number;
}

/** Lets `perSecond` through on average and `burst` at once. Time is the monotonic clock's, milliseconds. */
export class TokenBucket {
  readonly #perSecond: number;
  readonly #burst: number;
  #left: number;
  #at: number;

  constructor({ perSecond, burst }: Rate, now: number) {
    this.#perSecond = perSecond;
    this.#burst = burst;
    this.#left = burst;
    this.#at = now;
  }

  /** Takes, even below zero, and gives the milliseconds until there is something again. */
  take(amount: number, now: number): number {
    this.#refill(now);
    this.#left -= amount;
    return this.#left >= 0 ? 0 : Math.ceil((-this.#left / this.#perSecond) * 1_000);
  }

  /** What can be taken now; below zero where more was taken. */
  left(now: number): number {
    this.#refill(now);
    return this.#left;
  }

  /** The milliseconds until one can be taken without going below zero. */
  wait(now: number): number {
    this.#refill(now);
    return this.#left >= 1 ? 0 : Math.ceil(((1 - this.#left) / this.#perSecond) * 1_000);
  }

  /** Takes only when there is enough. */
  tryTake(amount: number, now: number): boolean {
    this.#refill(now);
    if (this.#left < amount) return false;
    this.#left -= amount;
    return true;
  }

  #refill(now: number): void {
    this.#left = Math.min(this.#burst, this.#left + ((now - this.#at) / 1_000) * this.#perSecond);
    this.#at = now;
  }
}
