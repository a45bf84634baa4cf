import type { Log } from "@edgemere/protocol/kit";

/** Counts what many agents warn of, because hundreds of them say the same at once. */
export class TallyLog implements Log {
  readonly #counts = new Map<string, number>();

  /** How often each sentence was said, most often first. */
  counts(): readonly (readonly [message: string, count: number])[] {
    return [...this.#counts].sort((a, b) => b[1] - a[1]);
  }

  debug(): void {}
  info(): void {}
  warn(message: string): void {
    this.#count(message);
  }
  error(message: string): void {
    this.#count(message);
  }

  #count(message: string): void {
    this.#counts.set(message, (this.#counts.get(message) ?? 0) + 1);
  }
}
