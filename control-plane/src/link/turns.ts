/** What is asked for one name runs one after another; different names do not wait for each other. */
export class Turns {
  readonly #tails = new Map<string, Promise<void>>();

  /** Runs when everything asked for this name before is over, however it ended. */
  take(name: string, run: () => Promise<void>): Promise<void> {
    const turn = (this.#tails.get(name) ?? Promise.resolve()).then(run, run);
    this.#tails.set(name, turn);
    const done = () => {
      if (this.#tails.get(name) === turn) this.#tails.delete(name);
    };
    turn.then(done, done);
    return turn;
  }
}
