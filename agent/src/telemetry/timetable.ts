interface Entry {
  readonly every: number;
  dueAt: number;
}

/** When each of several things is due: at once, then at whole multiples of its interval of the wall clock, on every device at the same instants. */
export class Timetable<Name extends string> {
  readonly #entries: ReadonlyMap<Name, Entry>;
  /** The shortest interval, milliseconds. */
  readonly shortest: number;

  /** Intervals in milliseconds. */
  constructor(intervals: Iterable<readonly [Name, number]>) {
    this.#entries = new Map([...intervals].map(([name, every]) => [name, { every, dueAt: -Infinity }]));
    this.shortest = Math.min(...[...this.#entries.values()].map(({ every }) => every));
  }

  /** Those that are due; a clock that stepped back makes due what would have to wait for longer than its interval. */
  due(now: number): ReadonlySet<Name> {
    const due = [...this.#entries].filter(([, { every, dueAt }]) => dueAt <= now || dueAt - now > every);
    return new Set(due.map(([name]) => name));
  }

  /** They were dealt with. What they missed meanwhile is not made up for. */
  done(names: Iterable<Name>, now: number): void {
    for (const name of names) {
      const entry = this.#entries.get(name);
      if (entry !== undefined) entry.dueAt = nextMultiple(now, entry.every);
    }
  }

  /** When the next one is due; Infinity when there is none. */
  get next(): number {
    return Math.min(...[...this.#entries.values()].map(({ dueAt }) => dueAt));
  }
}

/** The next multiple after `now`, never `now` itself. */
export const nextMultiple = (now: number, every: number): number => (Math.floor(now / every) + 1) * every;
