import { deflateRawSync, inflateRawSync } from "node:zlib";
import { decodeColumn, decodeColumnInto, type ColumnEncoder, type SeriesName } from "@edgemere/protocol";
import { framed, unframed } from "./frame.ts";

/** What is kept of a record that brought samples, beside these. */
export interface Report {
  readonly sequence: number;
  /** Instants that it has samples of: at least one. */
  readonly rows: number;
  readonly clockPeriod: number;
  /** What was added to the device's times. */
  readonly offset: number;
  /** The device did not know the time: the instants are a guess. */
  readonly isEstimated: boolean;
  readonly receivedAt: number;
}

/** A series that has a number in the list of its device, or its name. */
export type SeriesKey = number | SeriesName;

/** By metric, then by instance. */
export const byName = (a: SeriesName, b: SeriesName): number =>
  a.metric === b.metric ? order(a.instance, b.instance) : order(a.metric, b.metric);

const order = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);

/** Samples of one device: those of a record just received, or many records' together. */
export interface Chunk {
  /** In the order of their first instants, and of their numbers where these are equal. */
  readonly reports: readonly Report[];
  /** By the control plane's clock, those of one report after those of the one before. */
  readonly instants: ArrayLike<number>;
  /** Numbered ones first. A value for each instant; NaN where there is none. `written`: the same as a column, where somebody wrote it before. */
  readonly series: readonly {
    readonly key: SeriesKey;
    readonly values: ArrayLike<number>;
    readonly written?: Uint8Array | undefined;
  }[];
}

// Before the columns of the series: numbers of reports, rows and series with a number, six columns of the reports, the instants,
// the series' numbers, the other series' names.
const [HEAD, REPORTS, INSTANTS, NUMBERS, NAMES, COLUMNS] = [0, 1, 7, 8, 9, 10];
const HEAD_NUMBERS = 3;
// A few names do not repeat enough to become shorter.
const DEFLATED_FROM = 256;

export function chunkBytes({ reports, instants, series }: Chunk, encoder: ColumnEncoder): Uint8Array {
  const column = (of: (report: Report) => number) => encoder.encode(reports.map(of));
  const numbers = series.flatMap(({ key }) => (typeof key === "number" ? [key] : []));
  return framed([
    encoder.encode([reports.length, instants.length, numbers.length]),
    column(({ sequence }) => sequence),
    column(({ rows }) => rows),
    column(({ clockPeriod }) => clockPeriod),
    column(({ offset }) => offset),
    column(({ isEstimated }) => (isEstimated ? 1 : 0)),
    column(({ receivedAt }) => receivedAt),
    encoder.encode(instants),
    encoder.encode(numbers),
    nameBytes(series.flatMap(({ key }) => (typeof key === "number" ? [] : [key]))),
    ...series.map(({ values, written }) => written ?? encoder.encode(values)),
  ]);
}

/** A stored chunk, of which only what is asked for is decoded. */
export class StoredChunk {
  readonly #blocks: readonly Uint8Array[];
  readonly #reports: number;
  readonly #rows: number;
  readonly #numbers: number;

  constructor(bytes: Uint8Array) {
    this.#blocks = unframed(bytes);
    [this.#reports = 0, this.#rows = 0, this.#numbers = 0] = this.#column(HEAD, HEAD_NUMBERS);
  }

  get rows(): number {
    return this.#rows;
  }

  /** How many values there may be. */
  get cells(): number {
    return this.#rows * (this.#blocks.length - COLUMNS);
  }

  reports(): readonly Report[] {
    const [sequences, rows, periods, offsets, estimated, received] = [0, 1, 2, 3, 4, 5].map((place) =>
      this.#column(REPORTS + place, this.#reports),
    );
    return Array.from({ length: this.#reports }, (_, place) => ({
      sequence: sequences?.[place] ?? 0,
      rows: rows?.[place] ?? 0,
      clockPeriod: periods?.[place] ?? 0,
      offset: offsets?.[place] ?? 0,
      isEstimated: estimated?.[place] === 1,
      receivedAt: received?.[place] ?? 0,
    }));
  }

  instants(): Float64Array {
    return this.#column(INSTANTS, this.#rows);
  }

  /** In the order of the columns. */
  keys(): readonly SeriesKey[] {
    return [...this.#column(NUMBERS, this.#numbers), ...namesOf(this.#block(NAMES))];
  }

  /** The values of the series at this place among the keys. */
  values(place: number): Float64Array {
    return this.#column(COLUMNS + place, this.#rows);
  }

  /** The same into a larger column. */
  valuesInto(place: number, target: Float64Array, start: number): void {
    decodeColumnInto(this.#block(COLUMNS + place), this.#rows, target, start);
  }

  #column(place: number, rows: number): Float64Array {
    return decodeColumn(this.#block(place), rows);
  }

  #block(place: number): Uint8Array {
    const block = this.#blocks[place];
    if (block === undefined) throw new Error(`a chunk of samples has no block ${place}`);
    return block;
  }
}

const encoder = new TextEncoder();
const decoder = new TextDecoder();
const PLAIN = 0;
const DEFLATED = 1;

/** Names, shorter than they are where they are many. */
export function nameBytes(names: readonly SeriesName[]): Uint8Array {
  if (names.length === 0) return new Uint8Array();
  const text = encoder.encode(JSON.stringify(names.flatMap(({ metric, instance }) => [metric, instance])));
  const isDeflated = text.length >= DEFLATED_FROM;
  return Buffer.concat([Uint8Array.of(isDeflated ? DEFLATED : PLAIN), isDeflated ? deflateRawSync(text) : text]);
}

export function namesOf(bytes: Uint8Array): readonly SeriesName[] {
  if (bytes.length === 0) return [];
  const rest = bytes.subarray(1);
  const words = JSON.parse(decoder.decode(bytes[0] === DEFLATED ? inflateRawSync(rest) : rest)) as readonly string[];
  return Array.from({ length: words.length / 2 }, (_, place) => ({
    metric: words[2 * place] ?? "",
    instance: words[2 * place + 1] ?? "",
  }));
}
