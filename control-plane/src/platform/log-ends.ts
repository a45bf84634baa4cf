import type { Database } from "./database.ts";
import { keyOf, partsOf, rangeOf } from "./keys.ts";

interface End {
  readonly at: number;
  readonly place: number;
}

/**
 * Where the logs of a store end. Entries lie under the log's name, the instant of their commit and their place in it, and each key is greater
 * than all that were given before: also when the clock was set back, and after a restart.
 */
export class LogEnds {
  readonly #database: Database;
  readonly #ends = new Map<string, End>();

  constructor(database: Database) {
    this.#database = database;
  }

  /** The key of the next entry. Commits ask one after the other, so that what has landed is never behind what lands later. */
  async next(log: string, now: number): Promise<string> {
    const last = this.#ends.get(log) ?? (await this.#stored(log));
    const at = Math.max(now, last.at);
    const end = { at, place: at === last.at ? last.place + 1 : 0 };
    this.#ends.set(log, end);
    return keyOf(log, end.at, end.place);
  }

  async #stored(log: string): Promise<End> {
    for await (const key of this.#database.keys({ ...rangeOf(log), reverse: true, limit: 1 })) {
      const [, at, place] = partsOf(key) as [string, number, number];
      return { at, place };
    }
    return { at: -Infinity, place: 0 };
  }
}
