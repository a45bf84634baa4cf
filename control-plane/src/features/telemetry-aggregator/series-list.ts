import { limits } from "@edgemere/protocol";
import type { Named, SeriesKey } from "./chunks.ts";

const encoder = new TextEncoder();
const decoder = new TextDecoder();

/** A device may have so many before new ones go by their names: those that churn must not fill what is read with every report. */
const NUMBERED_AT_MOST = 4 * limits.telemetrySeries;

type Entry = readonly [number: number, metric: string, instance: string];
interface Stored {
  readonly next: number;
  readonly series: readonly Entry[];
}

/** The names of a device's series, each with a number that is never another's. */
export class SeriesList {
  readonly #numbers = new Map<string, Map<string, number>>();
  readonly #names = new Map<number, Named>();
  #next: number;
  #isChanged = false;

  constructor(bytes: Uint8Array | undefined) {
    const { next, series } =
      bytes === undefined ? { next: 0, series: [] } : (JSON.parse(decoder.decode(bytes)) as Stored);
    this.#next = next;
    for (const [number, metric, instance] of series) this.#enter(number, metric, instance);
  }

  /** Whether it holds what was not read. */
  get isChanged(): boolean {
    return this.#isChanged;
  }

  get size(): number {
    return this.#names.size;
  }

  /** Its number, a new one for a new series; its name when there are too many. */
  keyOf({ metric, instance }: Named): SeriesKey {
    const known = this.#numbers.get(metric)?.get(instance);
    if (known !== undefined) return known;
    if (this.#names.size >= NUMBERED_AT_MOST) return { metric, instance };
    this.#isChanged = true;
    this.#enter(this.#next, metric, instance);
    return this.#next++;
  }

  /** Undefined when the number was forgotten. */
  nameOf(key: SeriesKey): Named | undefined {
    return typeof key === "number" ? this.#names.get(key) : key;
  }

  /** A list without those series that are not wanted any more. */
  without(isUnwanted: (number: number) => boolean): SeriesList {
    const rest = new SeriesList(undefined);
    rest.#next = this.#next;
    for (const [number, { metric, instance }] of this.#names)
      if (isUnwanted(number)) rest.#isChanged = true;
      else rest.#enter(number, metric, instance);
    return rest;
  }

  bytes(): Uint8Array {
    const series = [...this.#names].map(([number, { metric, instance }]): Entry => [number, metric, instance]);
    return encoder.encode(JSON.stringify({ next: this.#next, series } satisfies Stored));
  }

  #enter(number: number, metric: string, instance: string): void {
    const instances = this.#numbers.get(metric);
    if (instances) instances.set(instance, number);
    else this.#numbers.set(metric, new Map([[instance, number]]));
    this.#names.set(number, { metric, instance });
  }
}
