import { limits, seriesKey, type GivenSamples, type Sketch } from "@edgemere/protocol";
import { HOUR } from "@edgemere/protocol/kit";
import type { SentReading } from "./dead-band.ts";

interface Series {
  readonly metric: string;
  readonly instance: string;
  readonly holdMs?: number;
  readonly values: number[];
  /** By row, where there is one. */
  readonly sketches: Map<number, Sketch>;
}

// A record must fit in one message together with others; half of it leaves room for the frame around it.
const LARGEST_BATCH = limits.messageBytes / 2;
// Values come first: sketches have what they leave, up to a quarter of a record.
const BYTES_OF_SKETCHES = LARGEST_BATCH / 4;
// Most take less.
const BYTES_OF_BUCKET = 4;
// An offset has 32 bits. Rows this far apart come from a clock that stepped, not from one report.
const LONGEST_BATCH = HOUR;

/** Samples on their way into one record: one row per instant, one column per series. */
export class Batch {
  readonly #instants: number[] = [];
  readonly #series = new Map<string, Series>();
  #left = 0;
  #bytesOfSketches = 0;

  get rows(): number {
    return this.#instants.length;
  }

  /** Instant of the last row; 0 when there is none. */
  get newest(): number {
    return this.#instants.at(-1) ?? 0;
  }

  /** Readings that were left out because a limit of the protocol forbids them. */
  get left(): number {
    return this.#left;
  }

  /** Whether a row of this instant may follow; if not, this batch is closed and another begun. */
  accepts(at: number, readings: number): boolean {
    const [first = at] = this.#instants;
    const last = this.#instants.at(-1) ?? at;
    return (
      at >= last &&
      at - first < LONGEST_BATCH &&
      this.rows < limits.telemetryRows &&
      bytesOf(this.#series) + this.#bytesOfSketches + 8 * Math.max(readings, this.#series.size) <= LARGEST_BATCH
    );
  }

  add(at: number, readings: readonly SentReading[]): void {
    const row = this.rows;
    this.#instants.push(at);
    for (const reading of readings) {
      const series = this.#seriesOf(reading, row);
      // Of two readings of one series the last counts.
      if (series !== undefined && Number.isFinite(reading.value)) {
        series.values[row] = reading.value;
        this.#addSketch(series, row, reading.sketch);
      } else this.#left += 1;
    }
    for (const { values } of this.#series.values()) if (values.length === row) values.push(NaN);
  }

  message(): GivenSamples {
    const [base = 0] = this.#instants;
    return {
      baseMs: base,
      offsetMs: this.#instants.map((instant) => instant - base),
      series: [...this.#series.values()].map(({ sketches, ...series }) => ({
        ...series,
        sketches: sketches.size === 0 ? undefined : series.values.map((_, row) => sketches.get(row)),
      })),
    };
  }

  /** A mean says less without its sketch, and is not wrong. */
  #addSketch({ sketches }: Series, row: number, sketch: Sketch | undefined): void {
    const bytes = BYTES_OF_BUCKET * (sketch?.size ?? 0);
    if (sketch === undefined || this.#bytesOfSketches + bytes > BYTES_OF_SKETCHES) return;
    this.#bytesOfSketches += bytes;
    sketches.set(row, sketch);
  }

  #seriesOf({ metric, instance, holdMs }: SentReading, row: number): Series | undefined {
    const key = seriesKey({ metric, instance });
    const known = this.#series.get(key);
    if (known !== undefined) return known;
    const isNamed = metric !== "" && metric.length <= limits.nameLength && instance.length <= limits.nameLength;
    if (!isNamed || this.#series.size >= limits.telemetrySeries) return undefined;
    const values = Array.from({ length: row }, () => NaN);
    const series = { metric, instance, ...(holdMs !== undefined && { holdMs }), values, sketches: new Map() };
    this.#series.set(key, series);
    return series;
  }
}

// Names may take three bytes a character; the rest is tags and lengths.
const bytesOf = (all: ReadonlyMap<string, Series>): number =>
  [...all.values()].reduce(
    (sum, { metric, instance, values }) => sum + 3 * (metric.length + instance.length) + 8 * values.length + 20,
    0,
  );
