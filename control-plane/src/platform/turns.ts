/** What is asked for one name runs one after another; different names do not wait for each other. */
export class Turns {
  readonly #tails = new Map<string, Promise<void>>();

  /** Runs when everything asked for this name before is over, however it ended. What runs must not wait for another turn. */
  take<T>(name: string, run: () => Promise<T>): Promise<T> {
    const turn = (this.#tails.get(name) ?? Promise.resolve()).then(run);
    const tail = turn.then(ignored, ignored).then(() => {
      if (this.#tails.get(name) === tail) this.#tails.delete(name);
    });
    this.#tails.set(name, tail);
    return turn;
  }
}

const ignored = () => {};
