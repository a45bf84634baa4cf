import { SECOND } from "../kit/index.ts";
import type { Window, WindowWanted } from "./words.ts";

/** A window moves in steps of so many parts of its length: what it forgets it forgets a part at a time. */
const PARTS = 30;
/** Numbers of a part: its number, and count, sum, least and greatest of its samples. */
const FIELDS = 5;

/** The newest sample of a series. */
interface Observed {
  at: number;
  value: number;
  /** For so long after it, it stands in rows that have none. Milliseconds. */
  hold: number;
}

/** Samples in a device's rows, in their order; NaN where a row has none. */
export interface Sampled {
  readonly metric: string;
  readonly instance: string;
  readonly hold: number;
  readonly values: ArrayLike<number>;
}

interface StoredSeries {
  readonly metric: string;
  readonly instance: string;
  readonly at: readonly number[];
  readonly value: readonly (number | null)[];
}

/** Rows of one series, as they came. */
interface Rows {
  readonly instants: readonly number[];
  readonly values: ArrayLike<number>;
  readonly receivedAt: number;
}

/** In milliseconds; of a window of so many. */
export const stepOf = (span: number): number => Math.max(SECOND, Math.ceil(span / PARTS));

/** What was measured on one device lately, of the metrics and windows that policies look at. Takes some bytes for each, and no more with time. */
export class Observations {
  readonly #newest = new Map<string, Map<string, Observed>>();
  readonly #windows: ReadonlyMap<string, { readonly of: WindowWanted; readonly parts: Parts }>;
  readonly #windowsOf = new Map<string, { readonly of: WindowWanted; readonly parts: Parts }[]>();
  /** Of the rows. */
  #latest = -Infinity;

  constructor(metrics: Iterable<string>, windows: readonly WindowWanted[]) {
    for (const metric of metrics) this.#newest.set(metric, new Map());
    this.#windows = new Map(windows.map((of) => [keyOf(of), { of, parts: new Parts(stepOf(of.span)) }]));
    for (const each of this.#windows.values())
      this.#windowsOf.set(each.of.metric, [...(this.#windowsOf.get(each.of.metric) ?? []), each]);
  }

  /** Whether it takes in all of these. */
  holds({
    metrics,
    windows,
  }: {
    readonly metrics: Iterable<string>;
    readonly windows: readonly WindowWanted[];
  }): boolean {
    return (
      [...metrics].every((each) => this.#newest.has(each)) && windows.every((each) => this.#windows.has(keyOf(each)))
    );
  }

  /** Takes rows in; returns the metrics of which there was something. Nothing is taken to be of later than `receivedAt`. */
  take(instants: readonly number[], series: readonly Sampled[], receivedAt: number): ReadonlySet<string> {
    const touched = new Set<string>();
    const sent = new Set<Observed>();
    for (const { metric, instance, hold, values } of series) {
      const known = this.#newest.get(metric);
      if (known === undefined) continue;
      const observed = known.get(instance) ?? { at: -Infinity, value: NaN, hold };
      if (!follow(observed, { instants, values, receivedAt })) continue;
      observed.hold = hold;
      this.#intoWindows(metric, instance, { instants, values, receivedAt });
      known.set(instance, observed);
      sent.add(observed);
      touched.add(metric);
    }
    const last = Math.min(instants.at(-1) ?? -Infinity, receivedAt);
    this.#latest = Math.max(this.#latest, last);
    for (const [metric, known] of this.#newest)
      for (const [instance, observed] of known) {
        const { at: sentAt, hold, value } = observed;
        if (hold === 0 || sent.has(observed) || last < sentAt || last - sentAt > hold) continue;
        // The device looked at it, and it had not moved.
        const values = instants.map((at) => (at >= sentAt && at - sentAt <= hold ? value : NaN));
        this.#intoWindows(metric, instance, { instants, values, receivedAt });
        touched.add(metric);
      }
    return touched;
  }

  /** A newest value that was stored. */
  remember({ metric, instance, at, value }: Omit<Sampled, "hold" | "values"> & { at: number; value: number }): void {
    this.#newest.get(metric)?.set(instance, { at, value, hold: 0 });
    this.#latest = Math.max(this.#latest, at);
  }

  /** Samples that were stored, for windows. */
  recall({ metric, instance, at, value }: StoredSeries): void {
    const values = value.map((each) => each ?? NaN);
    this.#intoWindows(metric, instance, { instants: at, values, receivedAt: Infinity });
  }

  /** The newest value of each instance that is not older than `from`. */
  newest(metric: string, from: number): ReadonlyMap<string, number> {
    const fresh = new Map<string, number>();
    for (const [instance, observed] of this.#newest.get(metric) ?? [])
      if (this.#instantOf(observed) >= from) fresh.set(instance, observed.value);
    return fresh;
  }

  /** When the newest sample of any of some metrics was made; -Infinity without one. */
  newestAt(metrics: Iterable<string>): number {
    let newest = -Infinity;
    for (const metric of metrics)
      for (const observed of this.#newest.get(metric)?.values() ?? [])
        newest = Math.max(newest, this.#instantOf(observed));
    return newest;
  }

  window(wanted: WindowWanted, now: number): Window | undefined {
    return this.#windows.get(keyOf(wanted))?.parts.summed(now, wanted.span);
  }

  /** Where a value stands, it is as new as the row that it stands in. */
  #instantOf({ at, hold }: Observed): number {
    return this.#latest > at && this.#latest - at <= hold ? this.#latest : at;
  }

  #intoWindows(metric: string, instance: string, { instants, values, receivedAt }: Rows): void {
    for (const { of, parts } of this.#windowsOf.get(metric) ?? []) {
      if (of.instance !== undefined && of.instance !== instance) continue;
      for (let row = 0; row < values.length; row++) {
        const value = values[row] ?? NaN;
        if (!Number.isNaN(value)) parts.add(Math.min(instants[row] ?? 0, receivedAt), value);
      }
    }
  }
}

/** Makes the newest of rows the newest of a series; false where there is no value. */
function follow(observed: Observed, { instants, values, receivedAt }: Rows): boolean {
  let isAny = false;
  for (let row = 0; row < values.length; row++) {
    const value = values[row] ?? NaN;
    if (Number.isNaN(value)) continue;
    isAny = true;
    const at = Math.min(instants[row] ?? 0, receivedAt);
    if (at < observed.at) continue;
    observed.at = at;
    observed.value = value;
  }
  return isAny;
}

const keyOf = ({ metric, instance, span }: WindowWanted): string =>
  `${metric}\u0000${instance === undefined ? "" : `=${instance}`}\u0000${span}`;

/** The parts of a window that moves on, each in the place of the one that it pushes out. */
class Parts {
  readonly #step: number;
  readonly #numbers = new Float64Array((PARTS + 1) * FIELDS).fill(-1);

  constructor(step: number) {
    this.#step = step;
  }

  add(at: number, value: number): void {
    const numbers = this.#numbers;
    const part = Math.floor(at / this.#step);
    const place = (part % (PARTS + 1)) * FIELDS;
    const known = numbers[place] ?? -1;
    // Too late: its place is another's.
    if (known > part || place < 0) return;
    if (known < part) numbers.set([part, 0, 0, Infinity, -Infinity], place);
    numbers[place + 1] = (numbers[place + 1] ?? 0) + 1;
    numbers[place + 2] = (numbers[place + 2] ?? 0) + value;
    numbers[place + 3] = Math.min(numbers[place + 3] ?? value, value);
    numbers[place + 4] = Math.max(numbers[place + 4] ?? value, value);
  }

  /** Of the parts that lie in the span up to now, the one that it ends in and those before. */
  summed(now: number, span: number): Window {
    const numbers = this.#numbers;
    const last = Math.floor(now / this.#step);
    const first = last - Math.ceil(span / this.#step);
    let [count, sum, min, max] = [0, 0, Infinity, -Infinity];
    for (let place = 0; place < numbers.length; place += FIELDS) {
      const part = numbers[place] ?? -1;
      if (part <= first || part > last) continue;
      count += numbers[place + 1] ?? 0;
      sum += numbers[place + 2] ?? 0;
      min = Math.min(min, numbers[place + 3] ?? min);
      max = Math.max(max, numbers[place + 4] ?? max);
    }
    return { count, sum, min, max };
  }
}
