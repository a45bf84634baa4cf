import { limits, seriesKey, type SchemaSeries, type SeriesName } from "@edgemere/protocol";
import type { SeriesKey } from "./chunks.ts";

const encoder = new TextEncoder();
const decoder = new TextDecoder();

/** A device may have so many before new ones go by their names: those that churn must not fill what is read with every report. */
const NUMBERED_AT_MOST = 4 * limits.telemetrySeries;

type Entry = readonly [number: number, metric: string, instance: string, holdMs?: number];
interface Stored {
  readonly next: number;
  readonly series: readonly Entry[];
}

/** A list as it was read: shared by all who use it, and never changed. */
export interface Parsed {
  readonly next: number;
  readonly numbers: ReadonlyMap<string, ReadonlyMap<string, number>>;
  readonly names: ReadonlyMap<number, SchemaSeries>;
}

const EMPTY: Parsed = { next: 0, numbers: new Map(), names: new Map() };

export function parsed(bytes: Uint8Array): Parsed {
  const { next, series } = JSON.parse(decoder.decode(bytes)) as Stored;
  const numbers = new Map<string, Map<string, number>>();
  const names = new Map<number, SchemaSeries>();
  for (const [number, metric, instance, holdMs = 0] of series) {
    const instances = numbers.get(metric);
    if (instances) instances.set(instance, number);
    else numbers.set(metric, new Map([[instance, number]]));
    names.set(number, { metric, instance, holdMs });
  }
  return { next, numbers, names };
}

/** The names of a device's series, each with a number that is never another's, and how long a value of it stands by the device's newest word. */
export class SeriesList {
  readonly #known: Parsed;
  readonly #added = new Map<string, number>();
  /** Those that are new, and those of which a value stands for another time than before. */
  readonly #own = new Map<number, SchemaSeries>();
  readonly #isCut: boolean;
  #next: number;

  private constructor(known: Parsed, isCut = false) {
    this.#known = known;
    this.#isCut = isCut;
    this.#next = known.next;
  }

  /** As it is stored; an empty one when nothing is. */
  static of(bytes: Uint8Array | undefined): SeriesList {
    return new SeriesList(bytes === undefined ? EMPTY : parsed(bytes));
  }

  static sharing(known: Parsed): SeriesList {
    return new SeriesList(known);
  }

  /** Whether it is another than the one that was read. */
  get isChanged(): boolean {
    return this.#isCut || this.#own.size > 0;
  }

  get size(): number {
    return this.#known.names.size + this.#added.size;
  }

  /** Its number, a new one for a new series; its name when there are too many. */
  keyOf({ metric, instance, holdMs = 0 }: SchemaSeries): SeriesKey {
    const number = this.#numberOf({ metric, instance });
    if (number !== undefined) {
      if (this.#seriesOf(number)?.holdMs !== holdMs) this.#own.set(number, { metric, instance, holdMs });
      return number;
    }
    if (this.size >= NUMBERED_AT_MOST) return { metric, instance };
    this.#added.set(seriesKey({ metric, instance }), this.#next);
    this.#own.set(this.#next, { metric, instance, holdMs });
    return this.#next++;
  }

  /** Undefined when the number was forgotten. */
  nameOf(key: SeriesKey): SeriesName | undefined {
    if (typeof key !== "number") return key;
    const series = this.#seriesOf(key);
    return series && { metric: series.metric, instance: series.instance };
  }

  /** For so many milliseconds a value of it stands in rows that have none. */
  holdOf(name: SeriesName): number {
    const number = this.#numberOf(name);
    return (number !== undefined && this.#seriesOf(number)?.holdMs) || 0;
  }

  /** A list without those series that are not wanted any more. */
  without(isUnwanted: (number: number) => boolean): SeriesList {
    const series = this.#entries().filter(([number]) => !isUnwanted(number));
    const isCut = this.isChanged || series.length < this.size;
    return new SeriesList(parsed(bytesOf({ next: this.#next, series })), isCut);
  }

  bytes(): Uint8Array {
    return bytesOf({ next: this.#next, series: this.#entries() });
  }

  #numberOf({ metric, instance }: SeriesName): number | undefined {
    const known = this.#known.numbers.get(metric)?.get(instance);
    return known ?? (this.#added.size > 0 ? this.#added.get(seriesKey({ metric, instance })) : undefined);
  }

  #seriesOf(number: number): SchemaSeries | undefined {
    return this.#own.get(number) ?? this.#known.names.get(number);
  }

  #entries(): readonly Entry[] {
    // One that is known keeps its place.
    return [...new Map([...this.#known.names, ...this.#own])].map(([number, { metric, instance, holdMs = 0 }]) =>
      holdMs > 0 ? [number, metric, instance, holdMs] : [number, metric, instance],
    );
  }
}

const bytesOf = (stored: Stored): Uint8Array => encoder.encode(JSON.stringify(stored));
