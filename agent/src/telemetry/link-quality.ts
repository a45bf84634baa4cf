// Attempts over which loss is told.
const WINDOW = 20;
// RFC 3550, section 6.4.1.
const JITTER_GAIN = 1 / 16;

/**
 * What one probe after another says of a way. Jitter is the smoothed difference of successive latencies after RFC 3550, section
 * 6.4.1, of round trips in place of one-way transits; a lost probe leaves it as it was. Loss is that of the last twenty attempts.
 */
export class LinkQuality {
  readonly #lost: boolean[] = [];
  #before: number | undefined;
  #jitter: number | undefined;

  /** Takes the latency of an attempt in milliseconds; undefined when it was lost. */
  take(latency: number | undefined): void {
    this.#lost.push(latency === undefined);
    if (this.#lost.length > WINDOW) this.#lost.shift();
    if (latency === undefined) return;
    if (this.#before !== undefined) {
      const jitter = this.#jitter ?? 0;
      this.#jitter = jitter + (Math.abs(latency - this.#before) - jitter) * JITTER_GAIN;
    }
    this.#before = latency;
  }

  /** Milliseconds; undefined before two answers. */
  get jitter(): number | undefined {
    return this.#jitter;
  }

  /** Of the last attempts; NaN before the first. */
  get lostPercent(): number {
    return (100 * this.#lost.filter(Boolean).length) / this.#lost.length;
  }
}
