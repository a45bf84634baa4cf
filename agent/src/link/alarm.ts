import type { Clock } from "@edgemere/protocol/kit";

/** Rings once at the earliest of the moments it was set to; then it is set anew or silent. */
export class Alarm implements Disposable {
  readonly #clock: Clock;
  readonly #ring: () => void;
  #due = Infinity;
  #cancel = new AbortController();
  #isOff = false;

  constructor(clock: Clock, ring: () => void) {
    this.#clock = clock;
    this.#ring = ring;
  }

  /** `at` is on the monotonic clock; Infinity sets nothing. */
  set(at: number): void {
    if (this.#isOff || at >= this.#due) return;
    this.#cancel.abort("set anew");
    const cancel = new AbortController();
    [this.#cancel, this.#due] = [cancel, at];
    void this.#clock.sleep(at - this.#clock.monotonic(), cancel.signal).then(() => {
      if (cancel.signal.aborted) return;
      this.#due = Infinity;
      this.#ring();
    });
  }

  [Symbol.dispose](): void {
    this.#isOff = true;
    this.#cancel.abort("off");
  }
}
