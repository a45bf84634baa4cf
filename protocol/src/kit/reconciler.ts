import type { Clock } from "./clock.ts";

/** Something that is looked after again and again. */
export interface Loop {
  readonly name: string;
  /** Looks at the world once and takes at most the next step towards what is wanted. Must be safe to repeat. */
  readonly step: () => Promise<"settled" | "more">;
  /** Milliseconds between two looks when settled. */
  readonly every: number;
  readonly onError: (error: unknown) => void;
}

const LONGEST_PAUSE_FACTOR = 10;

/** Look, take the next step, look again. A kick ends the pause early; it carries no data, so a lost or doubled one is harmless. */
export class Reconciler implements AsyncDisposable {
  readonly #loop: Loop;
  readonly #clock: Clock;
  readonly #stop = new AbortController();
  #wake = new AbortController();
  #running: Promise<void> | undefined;

  constructor(loop: Loop, clock: Clock) {
    this.#loop = loop;
    this.#clock = clock;
  }

  start(): void {
    this.#running ??= this.#run();
  }

  kick(): void {
    // A reason of its own: the error that is made otherwise costs more than the look.
    this.#wake.abort("kicked");
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#stop.abort();
    this.kick();
    await this.#running;
  }

  async #run(): Promise<void> {
    let failures = 0;
    while (!this.#stop.signal.aborted) {
      // Made anew before the look, so that a kick during the look is not lost.
      if (this.#wake.signal.aborted) this.#wake = new AbortController();
      const outcome = await this.#look();
      failures = outcome === "failed" ? failures + 1 : 0;
      if (outcome === "more" || this.#stop.signal.aborted) continue;
      const pause = this.#loop.every * Math.min(2 ** Math.max(failures - 1, 0), LONGEST_PAUSE_FACTOR);
      await this.#clock.sleep(pause, this.#wake.signal);
    }
  }

  async #look(): Promise<"settled" | "more" | "failed"> {
    try {
      return await this.#loop.step();
    } catch (error) {
      this.#loop.onError(error);
      return "failed";
    }
  }
}
