interface Running {
  readonly sinceLook: number;
  readonly fail: () => void;
}

/**
 * Ends what is still under way after so many looks. Counted in looks and not by a clock: of a process that was frozen
 * nothing could end meanwhile, and nothing is failed for it. And one look costs less than a timer for each thing.
 */
export class Watchdog {
  readonly #patience: number;
  /** Oldest first. */
  readonly #running = new Set<Running>();
  #looks = 0;

  constructor(patience: number) {
    this.#patience = patience;
  }

  /** Something begins; call what is returned when it is over. */
  begin(fail: () => void): () => void {
    const running = { sinceLook: this.#looks, fail };
    this.#running.add(running);
    return () => this.#running.delete(running);
  }

  /** Fails what has been under way for too long, each once. */
  look(): void {
    this.#looks += 1;
    for (const running of this.#running) {
      if (this.#looks - running.sinceLook < this.#patience) return;
      this.#running.delete(running);
      running.fail();
    }
  }
}
