/** What was fetched last, as much of it as may be kept. Who asks for what is on its way waits for that. */
export class Recent<T> {
  readonly #most: number;
  readonly #weigh: (value: T) => number;
  readonly #kept = new Map<string, T>();
  readonly #coming = new Map<string, Promise<T>>();
  #weight = 0;

  constructor(most: number, weigh: (value: T) => number) {
    this.#most = most;
    this.#weigh = weigh;
  }

  async get(key: string, fetch: () => Promise<T>): Promise<T> {
    const known = this.#kept.get(key);
    if (known !== undefined) {
      // The last asked for is the last to go.
      this.#kept.delete(key);
      this.#kept.set(key, known);
      return known;
    }
    const coming = this.#coming.get(key) ?? fetch().finally(() => this.#coming.delete(key));
    this.#coming.set(key, coming);
    const value = await coming;
    if (!this.#kept.has(key)) this.#keep(key, value);
    return value;
  }

  /** Of what is kept, all together. */
  get weight(): number {
    return this.#weight;
  }

  #keep(key: string, value: T): void {
    this.#kept.set(key, value);
    this.#weight += this.#weigh(value);
    for (const [oldest, each] of this.#kept) {
      if (this.#weight <= this.#most) return;
      this.#kept.delete(oldest);
      this.#weight -= this.#weigh(each);
    }
  }
}
