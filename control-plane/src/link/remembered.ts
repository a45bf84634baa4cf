/** What is remembered of a bounded number of peers: of more, who was met longest ago and may go makes room. */
export class Remembered<Value> {
  readonly #values = new Map<string, Value>();
  readonly #most: number;
  readonly #mayGo: (value: Value) => boolean;

  /** Where none may go, more than `most` are remembered. */
  constructor(most: number, mayGo: (value: Value) => boolean = () => true) {
    this.#most = most;
    this.#mayGo = mayGo;
  }

  find(peer: string): Value | undefined {
    return this.#values.get(peer);
  }

  /** As it is remembered, or made anew. */
  of(peer: string, make: () => Value): Value {
    const known = this.#values.get(peer);
    if (known !== undefined) return known;
    if (this.#values.size >= this.#most) this.#forgetOne();
    const fresh = make();
    this.#values.set(peer, fresh);
    return fresh;
  }

  forget(peer: string): void {
    this.#values.delete(peer);
  }

  #forgetOne(): void {
    for (const [peer, value] of this.#values) if (this.#mayGo(value)) return void this.#values.delete(peer);
  }
}
