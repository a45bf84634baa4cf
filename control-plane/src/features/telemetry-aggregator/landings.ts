import type { Clock } from "@edgemere/protocol/kit";

const RECENT = 8_192;

/** A device whose samples are durable, and where among all landings its last one stands. */
export type Landing = readonly [device: string, number: number];

/**
 * Whose samples have landed since somebody looked: a number for each device, however much lands and however slowly anybody reads.
 * In memory only: numbers of one life mean nothing in another.
 */
export class Landings implements AsyncDisposable {
  /** Of this life of the process. */
  readonly life: string;
  readonly #last = new Map<string, number>();
  #recent: string[] = [];
  #number = 0;
  #isEnded = false;
  readonly #waiting = new Set<AbortController>();

  readonly #kept: number;

  /** `kept`: landings that are found without looking at every device. */
  constructor(life: string, kept = RECENT) {
    this.life = life;
    this.#kept = kept;
  }

  /** Of the last landing; 0 when there was none. */
  get number(): number {
    return this.#number;
  }

  get isEnded(): boolean {
    return this.#isEnded;
  }

  add(device: string): void {
    this.#last.set(device, ++this.#number);
    this.#recent.push(device);
    if (this.#recent.length >= 2 * this.#kept) this.#recent = this.#recent.slice(-this.#kept);
    this.#wake();
  }

  /** Devices that have landed after a number, whose last landing is longest ago first. */
  after(number: number): readonly Landing[] {
    const first = this.#number - this.#recent.length;
    const devices = number >= first ? new Set(this.#recent.slice(number - first)) : this.#last.keys();
    return Array.from(devices, (device): Landing => [device, this.#last.get(device) ?? 0])
      .filter(([, last]) => last > number)
      .toSorted(([, a], [, b]) => a - b);
  }

  /** Waits until something has landed after a number, but no longer than so many milliseconds. */
  async next(number: number, within: number, clock: Clock): Promise<void> {
    if (this.#number > number || this.#isEnded) return;
    const wake = new AbortController();
    this.#waiting.add(wake);
    try {
      await clock.sleep(within, wake.signal);
    } finally {
      this.#waiting.delete(wake);
    }
  }

  /** Nobody waits any more. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#isEnded = true;
    this.#wake();
  }

  #wake(): void {
    // A reason of our own: without one an error is made, with its stack.
    for (const each of this.#waiting) each.abort("landed");
    this.#waiting.clear();
  }
}
