import { MINUTE } from "@edgemere/protocol/kit";
import { endOfGrid, type Grid } from "./grid.ts";

/** Between samples that are farther apart nobody knows how a counter grew. Milliseconds. */
export const CARRIED_AT_MOST = 5 * MINUTE;

/** What can be said of the samples in a window. Milliseconds and the metric's own unit; `rate` is per second. */
export type Summing = "min" | "max" | "mean" | "sum" | "count" | "last" | "rate";

/** Samples of one series, ascending, without rows that have no value. */
export interface Column {
  readonly at: ArrayLike<number>;
  readonly values: ArrayLike<number>;
}

/**
 * What is known of the samples in each window of a grid, in columns. Adding windows gives what adding their samples would have
 * given, in any order; a window without samples stays known to be empty.
 *
 * How a counter grew is told between each sample and the one before it, also where that one lies in the window before: so the
 * growth of two windows is the sum of their growths. A counter that fell began anew at zero.
 */
export class Windows {
  readonly grid: Grid;
  readonly count: Float64Array;
  readonly sum: Float64Array;
  readonly min: Float64Array;
  readonly max: Float64Array;
  readonly last: Float64Array;
  readonly lastAt: Float64Array;
  readonly increase: Float64Array;
  /** Milliseconds in which it grew so. */
  readonly over: Float64Array;

  constructor(grid: Grid) {
    this.grid = grid;
    const column = () => new Float64Array(grid.length);
    [this.count, this.sum, this.min, this.max] = [column(), column(), column(), column()];
    [this.last, this.lastAt, this.increase, this.over] = [column(), column(), column(), column()];
    this.clear();
  }

  clear(): void {
    for (const each of [this.count, this.sum, this.increase, this.over]) each.fill(0);
    this.min.fill(Infinity);
    this.max.fill(-Infinity);
    this.last.fill(NaN);
    this.lastAt.fill(-Infinity);
  }

  /** Samples of one series. Those before the grid only tell from where a counter grew. */
  addSamples({ at, values }: Column): void {
    const { from, step } = this.grid;
    const end = endOfGrid(this.grid);
    for (let row = 0; row < at.length; row++) {
      const instant = at[row] as number;
      if (instant < from) continue;
      if (instant >= end) return;
      const window = Math.floor((instant - from) / step);
      const sample = values[row] as number;
      this.#addValue(window, sample);
      this.#setLast(window, instant, sample);
      if (row === 0) continue;
      const elapsed = instant - (at[row - 1] as number);
      if (elapsed > CARRIED_AT_MOST) continue;
      const before = values[row - 1] as number;
      this.increase[window] = (this.increase[window] as number) + (sample >= before ? sample - before : sample);
      this.over[window] = (this.over[window] as number) + elapsed;
    }
  }

  /** One value of one of several series that are looked at together. */
  addValues(values: Float64Array): void {
    for (let window = 0; window < values.length; window++) {
      const value = values[window] as number;
      if (!Number.isNaN(value)) this.#addValue(window, value);
    }
  }

  /** Windows of the same samples' kind, as long as these or shorter ones that fit into them. */
  add(other: Windows): void {
    const { from, step, length } = this.grid;
    for (let i = 0; i < other.grid.length; i++) {
      const count = other.count[i] as number;
      if (count === 0) continue;
      const window = Math.floor((other.grid.from + i * other.grid.step - from) / step);
      if (window < 0 || window >= length) continue;
      this.count[window] = (this.count[window] as number) + count;
      this.sum[window] = (this.sum[window] as number) + (other.sum[i] as number);
      this.min[window] = Math.min(this.min[window] as number, other.min[i] as number);
      this.max[window] = Math.max(this.max[window] as number, other.max[i] as number);
      this.increase[window] = (this.increase[window] as number) + (other.increase[i] as number);
      this.over[window] = (this.over[window] as number) + (other.over[i] as number);
      this.#setLast(window, other.lastAt[i] as number, other.last[i] as number);
    }
  }

  /** One window that holds them all. */
  whole(): Windows {
    const { from, step, length } = this.grid;
    const one = new Windows({ from, step: step * length, length: 1 });
    one.add(this);
    return one;
  }

  /** A value for each window; NaN where there is none. */
  values(what: Summing): Float64Array {
    return Float64Array.from(this.count, (count, window) => (count === 0 ? NaN : this.#value(what, window)));
  }

  #value(what: Summing, window: number): number {
    if (what === "mean") return (this.sum[window] as number) / (this.count[window] as number);
    if (what !== "rate") return this[what][window] as number;
    const over = this.over[window] as number;
    return over === 0 ? NaN : ((this.increase[window] as number) / over) * 1_000;
  }

  #addValue(window: number, value: number): void {
    this.count[window] = (this.count[window] as number) + 1;
    this.sum[window] = (this.sum[window] as number) + value;
    if (value < (this.min[window] as number)) this.min[window] = value;
    if (value > (this.max[window] as number)) this.max[window] = value;
  }

  /** Of two at the same instant the larger one, so that their order does not matter. */
  #setLast(window: number, at: number, value: number): void {
    const known = this.lastAt[window] as number;
    if (at < known || (at === known && value <= (this.last[window] as number))) return;
    this.lastAt[window] = at;
    this.last[window] = value;
  }
}
