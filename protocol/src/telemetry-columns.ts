import { ColumnEncoder } from "./column-encoder.ts";
import { decodeColumn } from "./column-decoder.ts";
import { KIND } from "./column-format.ts";
import { instant } from "./check-values.ts";
import { limits } from "./limits.ts";
import type { TelemetryBatch, v1 } from "./messages.ts";
import { ProtocolError } from "./protocol-error.ts";
import type { Sketches } from "./sketch-columns.ts";
import {
  checkSeries,
  holdOf,
  SCHEMA_NAME_BYTES,
  schemaNameBytes,
  schemaOf,
  seriesKey,
  type Schema,
  type SchemaSeries,
} from "./telemetry-schema.ts";
import { sketchesInOrder, sketchesOfRows, writtenSketches } from "./telemetry-sketches.ts";

/** Samples of some series at the same instants. */
export interface Samples {
  /** Instant of the first row, milliseconds since 1970. */
  readonly baseMs: number;
  /** The rows' instants after it; the first is 0, ascending. */
  readonly offsetMs: readonly number[];
  readonly series: readonly SeriesSamples[];
}

/** One value per row; NaN where the row has none. */
export interface SeriesSamples extends SchemaSeries {
  readonly values: Float64Array;
  /** How the values lay that a row's value is the mean of, where its row tells it; absent where none does. */
  readonly sketches?: Sketches;
}

/** The same before it is written, from wherever it comes. */
export interface GivenSamples extends Pick<Samples, "baseMs" | "offsetMs"> {
  readonly series: readonly {
    readonly metric: string;
    readonly instance?: string;
    readonly holdMs?: number;
    readonly values: readonly number[] | Float64Array;
    readonly sketches?: Sketches | undefined;
  }[];
}

/** A telemetry batch without what it can do. */
type WireColumns = Pick<TelemetryBatch, "schema" | "rows" | "times" | "columns"> & {
  sketches?: v1.TelemetrySketches.$Properties[];
};

/** Samples as they travel, and what their columns are about. */
export interface WrittenSamples {
  readonly telemetry: WireColumns;
  readonly schema: Schema;
}

/** A column in which no row has a value. */
const ABSENT = Uint8Array.of(KIND.absent);
const isAbsent = (column: Uint8Array): boolean => column.length === 1 && column[0] === KIND.absent;

// As long as more than this share of its series has values, a schema stays the one in use.
const USED_SHARE = 1 / 2;

// Characters of the names of a schema that takes in what it did not cover.
const WIDEST = 64 * 1024;

interface WriterOptions {
  /** For whoever reports now these of its series and now those: a schema keeps what it covers and takes in what it does not, as far as there is room. */
  readonly isGrowing?: boolean;
}

/**
 * Writes samples in columns. What comes and goes among the series, such as a process, does not make a new schema each time: that of
 * the samples before is used again where it covers these.
 */
export class TelemetryWriter {
  readonly #isGrowing: boolean;
  readonly #columns = new ColumnEncoder();
  #schema: Schema = schemaOf([]);
  #places: ReadonlyMap<string, number> = new Map();

  constructor({ isGrowing = false }: WriterOptions = {}) {
    this.#isGrowing = isGrowing;
  }

  /** `atMs`, a whole number, is that of the record. Throws ProtocolError when nobody would take the samples. */
  write({ baseMs, offsetMs, series }: GivenSamples, atMs: number): WrittenSamples {
    const rows = offsetMs.length;
    for (const { metric, values } of series) checkValues(metric, values, rows);
    const names = series.map(({ metric, instance = "", holdMs }) => ({ metric, instance, ...holdOf(holdMs) }));
    const places = this.#placesOf(names);
    const columns: Uint8Array[] = this.#schema.series.map(() => ABSENT);
    for (const [i, { values }] of series.entries()) columns[places[i] ?? 0] = this.#columns.encode(values);
    const instants = offsetMs.map((offset) => Math.round(baseMs + offset) - atMs);
    const times = this.#columns.encode(instants);
    const sketches = series.flatMap((each, i) =>
      each.sketches ? [writtenSketches(this.#columns, places[i] ?? 0, each.sketches)] : [],
    );
    const told = sketches.length > 0 && { sketches: sketches.toSorted((a, b) => a.column - b.column) };
    const telemetry = { schema: schemaNameBytes(this.#schema.name), rows, times, columns, ...told };
    checkTelemetry(telemetry);
    checkTimes(instants, atMs);
    return { telemetry, schema: this.#schema };
  }

  /** Where in the schema in use from now on these series stand. */
  #placesOf(names: readonly SchemaSeries[]): readonly number[] {
    const keys = names.map(seriesKey);
    const places = keys.map((key) => this.#places.get(key) ?? -1);
    const isWorthIt = this.#isGrowing || names.length > this.#schema.series.length * USED_SHARE;
    if (!places.includes(-1) && isWorthIt) return places;
    checkSeries(names);
    this.#schema = schemaOf(this.#isGrowing ? this.#grown(names) : names);
    this.#places = new Map(this.#schema.series.map((each, place) => [seriesKey(each), place]));
    return keys.map((key) => this.#places.get(key) ?? 0);
  }

  #grown(names: readonly SchemaSeries[]): readonly SchemaSeries[] {
    const all = [...this.#schema.series, ...names.filter((each) => !this.#places.has(seriesKey(each)))];
    const length = all.reduce((sum, { metric, instance }) => sum + metric.length + instance.length, 0);
    return all.length <= limits.telemetrySeries && length <= WIDEST ? all : names;
  }
}

/** What can be said of a batch without its schema. Throws ProtocolError. */
export function checkTelemetry({ schema, rows, columns, times, sketches = [] }: WireColumns): void {
  if (schema.length !== SCHEMA_NAME_BYTES)
    throw new ProtocolError(
      "out-of-range",
      `telemetry.schema must have ${SCHEMA_NAME_BYTES} bytes, not ${schema.length}`,
    );
  if (rows === 0) throw new ProtocolError("missing-field", "telemetry.rows is 0");
  if (times.length === 0) throw new ProtocolError("missing-field", "telemetry.times is empty");
  // Before anything is read: a few bytes may stand for many rows.
  if (
    rows > limits.telemetryRows ||
    columns.length > limits.telemetrySeries ||
    samplesIn({ rows, columns, sketches }) > limits.telemetrySamples
  )
    throw new ProtocolError(
      "too-many",
      `telemetry.rows is ${rows} in ${columns.length} columns, over the limits of ${limits.telemetryRows}, ${limits.telemetrySeries} and ${limits.telemetrySamples} samples`,
    );
  sketchesInOrder(sketches, columns.length);
}

/** How many samples a batch has room for, by its own word; a bucket of a sketch counts as one. */
export const samplesIn = ({ rows = 0, columns = [], sketches = [] }: v1.TelemetryBatch.$Properties): number =>
  sketches.reduce((sum, { size = 0 }) => sum + rows + size, rows * columns.length);

/** The columns of the series that `samplesOf` gives, in their order, as they came: whoever keeps samples need not write them anew. */
export const columnsOf = ({ columns }: Pick<WireColumns, "columns">): readonly Uint8Array[] =>
  columns.filter((column) => !isAbsent(column));

/** Reads the samples of a record that was checked. Throws ProtocolError when its columns do not fit the schema or its rows. */
export function samplesOf(
  { atMs, telemetry }: { readonly atMs: number; readonly telemetry: WireColumns },
  schema: Schema,
): Samples {
  const { rows, times, columns, sketches: written = [] } = telemetry;
  if (columns.length !== schema.series.length)
    throw new ProtocolError(
      "out-of-range",
      `telemetry has ${columns.length} columns for the ${schema.series.length} series of its schema`,
    );
  const instants = decodeColumn(times, rows);
  const first = instants[0] ?? 0;
  checkTimes(instants, atMs);
  const sketches = new Map(written.map((each) => [each.column ?? 0, each]));
  return {
    baseMs: atMs + first,
    offsetMs: Array.from(instants, (each) => each - first),
    series: schema.series.flatMap(({ metric, instance, holdMs }, i) => {
      const column = columns[i] ?? ABSENT;
      if (isAbsent(column)) return [];
      const values = decodeColumn(column, rows);
      checkValues(metric, values, rows);
      const own = sketches.get(i);
      const told = own && { sketches: sketchesOfRows(own, values) };
      return [{ metric, instance, ...holdOf(holdMs), values, ...told }];
    }),
  };
}

function checkTimes(times: ArrayLike<number>, atMs: number): void {
  const [first = NaN, last = NaN] = [times[0], times[times.length - 1]];
  for (let row = 0; row < times.length; row++) {
    const [before, time] = [times[Math.max(0, row - 1)] ?? NaN, times[row] ?? NaN];
    if (!Number.isSafeInteger(time) || time < before)
      throw new ProtocolError("out-of-range", `telemetry.times of row ${row} is ${time}: milliseconds must ascend`);
  }
  instant("telemetry.times and records.at_ms", atMs + first);
  instant("telemetry.times and records.at_ms", atMs + last);
  if (last - first > limits.telemetrySpan)
    throw new ProtocolError(
      "out-of-range",
      `telemetry.times spans ${last - first} ms, over the limit of ${limits.telemetrySpan}`,
    );
}

function checkValues(metric: string, values: ArrayLike<number>, rows: number): void {
  if (values.length !== rows)
    throw new ProtocolError("out-of-range", `telemetry series ${metric} has ${values.length} values for ${rows} rows`);
  // NaN is the wire's word for "this row has no value"; an infinity is nobody's measurement.
  for (let row = 0; row < rows; row++)
    if (values[row] === Infinity || values[row] === -Infinity)
      throw new ProtocolError("not-finite", `telemetry series ${metric} has an infinite value`);
}
