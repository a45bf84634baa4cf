import { Ordered } from "./ordered.ts";

/** What a device gives to a part of its group's condition. */
export interface Given {
  /** One and zero for true and false; undefined: nobody can tell. */
  readonly value: number | undefined;
  /** Whether there was a value once, of which nobody knows any more what it is now. */
  readonly isMissed: boolean;
}

/** What the devices of a group give to one part of a condition, counted as it comes and goes. */
export class Tally {
  /** Devices of which it is known. */
  known = 0;
  /** Devices of which it was known, and is not now. */
  missed = 0;
  #sum = 0;
  /** What the sum lost by rounding. */
  #lost = 0;
  #changes = 0;
  readonly #ordered: Ordered | undefined;

  constructor(isOrdered: boolean) {
    this.#ordered = isOrdered ? new Ordered() : undefined;
  }

  get sum(): number {
    return this.#sum + this.#lost;
  }

  /** As `Ordered.at`. */
  at(share: number): number | undefined {
    return this.#ordered?.at(share);
  }

  add({ value, isMissed }: Given): void {
    if (isMissed) this.missed++;
    if (value === undefined) return;
    this.known++;
    this.#ordered?.add(value);
    this.#include(value);
  }

  remove({ value, isMissed }: Given): void {
    if (isMissed) this.missed--;
    if (value === undefined) return;
    this.known--;
    this.#ordered?.remove(value);
    this.#include(-value);
    this.#changes++;
  }

  /** Whether so much went that the sum is to be made anew: no more often than once for as many as there are. */
  get isWorn(): boolean {
    return this.#changes > this.known || !Number.isFinite(this.sum);
  }

  renew(values: Iterable<number>): void {
    [this.#sum, this.#lost, this.#changes] = [0, 0, 0];
    for (const each of values) this.#include(each);
  }

  /** After Neumaier: what is smaller than the sum is not lost. */
  #include(value: number): void {
    const sum = this.#sum + value;
    this.#lost += Math.abs(this.#sum) >= Math.abs(value) ? this.#sum - sum + value : value - sum + this.#sum;
    this.#sum = sum;
  }
}
