/** What comes one after another, with a look at what comes next. */
export class Peekable<T> implements AsyncDisposable {
  readonly #items: AsyncIterator<T>;
  #next: Promise<IteratorResult<T>> | undefined;

  constructor(items: AsyncIterable<T>) {
    this.#items = items[Symbol.asyncIterator]();
  }

  /** Undefined at the end. */
  async peek(): Promise<T | undefined> {
    this.#next ??= this.#items.next();
    const next = await this.#next;
    return next.done === true ? undefined : next.value;
  }

  async take(): Promise<T | undefined> {
    const item = await this.peek();
    this.#next = undefined;
    return item;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#items.return?.();
  }
}
