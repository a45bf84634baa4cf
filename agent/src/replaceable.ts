interface Duty extends AsyncDisposable {
  start(): void;
}

/** A duty that may give way to another of its kind while the agent runs: one after the other, and none after the end. */
export class Replaceable<D extends Duty> implements AsyncDisposable {
  #current: D;
  #isStarted = false;
  #isOver = false;
  #turn: Promise<void> = Promise.resolve();

  constructor(first: D) {
    this.#current = first;
  }

  get current(): D {
    return this.#current;
  }

  start(): void {
    this.#isStarted = true;
    this.#current.start();
  }

  /** Resolves when the former one has ended and the new one is at work. */
  replace(next: D): Promise<void> {
    this.#turn = this.#turn.then(async () => {
      if (this.#isOver) return next[Symbol.asyncDispose]();
      await this.#current[Symbol.asyncDispose]();
      this.#current = next;
      if (this.#isStarted) next.start();
    });
    return this.#turn;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#isOver = true;
    await this.#turn;
    await this.#current[Symbol.asyncDispose]();
  }
}
