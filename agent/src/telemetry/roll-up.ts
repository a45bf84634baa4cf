import { limits, seriesKey, Sketch } from "@edgemere/protocol";
import type { TelemetryReading } from "../host/host.ts";

/** What a window says of a series beside its mean. */
export const rollUpFunctions = ["min", "max", "sum", "count", "last", "sketch"] as const;
export type RollUpFunction = (typeof rollUpFunctions)[number];

/** A mean may have with it how the values lay that it was made of. */
export interface RolledReading extends TelemetryReading {
  readonly sketch?: Sketch;
}

/** Stands between a metric and what a window says of it: `cpu.busy_percent:max`. The mean has the metric's own name. */
const SEPARATOR = ":";

/** The metric that a series of a window is about. */
export const baseMetric = (metric: string): string => metric.split(SEPARATOR, 1)[0] ?? metric;

/** What is known at one instant. */
export interface Row {
  /** Of the device's wall clock. */
  readonly at: number;
  readonly readings: readonly RolledReading[];
}

interface Window {
  readonly metric: string;
  readonly instance: string;
  min: number;
  max: number;
  sum: number;
  count: number;
  last: number;
  /** Where it was chosen. */
  readonly sketch: Sketch | undefined;
}

/** Makes one row of each window of the wall clock: of every series its mean, and what else was chosen. */
export class RollUp {
  readonly #functions: readonly Exclude<RollUpFunction, "sketch">[];
  readonly #isSketching: boolean;
  #windows = new Map<string, Window>();
  #number: number | undefined;
  #newest = 0;

  constructor(functions: readonly RollUpFunction[]) {
    this.#functions = functions.filter((name) => name !== "sketch");
    this.#isSketching = functions.includes("sketch");
  }

  /** Takes a row into the window of `every` milliseconds that holds its instant; gives the row of the one before, when that is over. */
  add({ at, readings }: Row, every: number): Row | undefined {
    const number = Math.floor(at / every);
    const over = number === this.#number ? undefined : this.close();
    this.#number = number;
    this.#newest = at;
    for (const reading of readings) this.#take(reading);
    return over;
  }

  /** Ends the window; undefined when there was nothing in it. Its row has the instant of its newest sample, so it is never in another window. */
  close(): Row | undefined {
    const windows = [...this.#windows.values()];
    this.#windows = new Map();
    this.#number = undefined;
    if (windows.length === 0) return undefined;
    return { at: this.#newest, readings: windows.flatMap((window) => this.#readingsOf(window)) };
  }

  #take({ metric, instance, value }: TelemetryReading): void {
    if (!Number.isFinite(value)) return;
    const key = seriesKey({ metric, instance });
    const window = this.#windows.get(key);
    if (window === undefined) {
      if (this.#windows.size >= limits.telemetrySeries) return;
      const sketch = this.#isSketching ? new Sketch() : undefined;
      sketch?.add(value);
      this.#windows.set(key, { metric, instance, min: value, max: value, sum: value, count: 1, last: value, sketch });
      return;
    }
    window.min = Math.min(window.min, value);
    window.max = Math.max(window.max, value);
    window.sum += value;
    window.count += 1;
    window.last = value;
    window.sketch?.add(value);
  }

  /** Of a single sample there is nothing to say but itself. */
  #readingsOf(window: Window): readonly RolledReading[] {
    const { metric, instance, sum, count, sketch } = window;
    // Rounding may carry the mean of equal values past them.
    const value = Math.min(window.max, Math.max(window.min, sum / count));
    const mean = { metric, instance, value };
    if (count === 1) return [mean];
    const more = this.#functions.map((name) => ({ metric: metric + SEPARATOR + name, instance, value: window[name] }));
    return [{ ...mean, ...(sketch && { sketch }) }, ...more];
  }
}
