import { MINUTE } from "@edgemere/protocol/kit";
import { beginOfWindow, endOfGrid, windowAt, type Grid } from "./grid.ts";

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
    // One piece of memory for all: ten thousand series are summed up side by side.
    const memory = new Float64Array(8 * grid.length);
    const column = (place: number) => memory.subarray(place * grid.length, (place + 1) * grid.length);
    [this.count, this.sum, this.min, this.max] = [column(0), column(1), column(2), column(3)];
    [this.last, this.lastAt, this.increase, this.over] = [column(4), column(5), column(6), column(7)];
    this.clear();
  }

  clear(): void {
    for (const each of [this.count, this.sum, this.increase, this.over]) each.fill(0);
    this.min.fill(Infinity);
    this.max.fill(-Infinity);
    this.last.fill(NaN);
    this.lastAt.fill(-Infinity);
  }

  /** Forgets one window. */
  empty(window: number): void {
    for (const each of [this.count, this.sum, this.increase, this.over]) each[window] = 0;
    this.min[window] = Infinity;
    this.max[window] = -Infinity;
    this.last[window] = NaN;
    this.lastAt[window] = -Infinity;
  }

  /** Samples of one series, of a window and those after it. Those before them only tell from where a counter grew, as do the windows before where there are none. */
  addSamples({ at, values }: Column, first = 0): void {
    const from = this.grid.from + first * this.grid.step;
    const end = endOfGrid(this.grid);
    let before = this.#lastBefore(first);
    for (let row = 0; row < at.length; row++) {
      const instant = at[row] as number;
      const sample = values[row] as number;
      if (instant >= end) return;
      if (instant >= from) {
        const window = windowAt(this.grid, instant);
        this.#addValue(window, sample);
        this.#setLast(window, instant, sample);
        const elapsed = instant - before.at;
        if (elapsed <= CARRIED_AT_MOST) {
          const grown = sample >= before.value ? sample - before.value : sample;
          this.increase[window] = (this.increase[window] as number) + grown;
          this.over[window] = (this.over[window] as number) + elapsed;
        }
      }
      before = { at: instant, value: sample };
    }
  }

  #lastBefore(first: number): { readonly at: number; readonly value: number } {
    for (let window = first - 1; window >= 0; window--)
      if (this.count[window] !== 0) return { at: this.lastAt[window] as number, value: this.last[window] as number };
    return { at: -Infinity, value: NaN };
  }

  /** A value of one of several series that are looked at together; NaN where it has none. */
  addValue(window: number, value: number): void {
    if (!Number.isNaN(value)) this.#addValue(window, value);
  }

  /** Windows of the same samples' kind, as long as these or shorter ones that fit into them. */
  add(other: Windows): void {
    const { length } = this.grid;
    for (let i = 0; i < other.grid.length; i++) {
      const count = other.count[i] as number;
      if (count === 0) continue;
      const window = windowAt(this.grid, beginOfWindow(other.grid, i));
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

  /** Whether any of these that is not empty lies within a grid. */
  overlaps(grid: Grid): boolean {
    const end = endOfGrid(grid);
    for (let window = 0; window < this.count.length; window++) {
      const at = beginOfWindow(this.grid, window);
      if (this.count[window] !== 0 && at >= grid.from && at < end) return true;
    }
    return false;
  }

  /** What is told of all windows together; NaN where there is nothing. */
  overall(what: Summing): number {
    const { count, sum, min, max, last, lastAt, increase, over } = this;
    const all = { count: 0, sum: 0, min: Infinity, max: -Infinity, last: NaN, lastAt: -Infinity, increase: 0, over: 0 };
    for (let window = 0; window < count.length; window++) {
      if (count[window] === 0) continue;
      all.count += count[window] as number;
      all.sum += sum[window] as number;
      all.min = Math.min(all.min, min[window] as number);
      all.max = Math.max(all.max, max[window] as number);
      all.increase += increase[window] as number;
      all.over += over[window] as number;
      if ((lastAt[window] as number) < all.lastAt) continue;
      all.lastAt = lastAt[window] as number;
      all.last = last[window] as number;
    }
    if (all.count === 0) return NaN;
    if (what === "mean") return all.sum / all.count;
    if (what === "rate") return all.over === 0 ? NaN : (all.increase / all.over) * 1_000;
    return all[what];
  }

  /** A value for each window; NaN where there is none. */
  values(what: Summing): Float64Array {
    const values = new Float64Array(this.grid.length);
    for (let window = 0; window < values.length; window++)
      values[window] = this.count[window] === 0 ? NaN : this.#value(what, window);
    return values;
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
