import { Problem } from "../../platform/problem.ts";
import type { Grid } from "./grid.ts";
import { Sketch } from "./sketch.ts";
import { Windows, type Column, type Summing } from "./windows.ts";

export const percentiles = { p50: 0.5, p90: 0.9, p95: 0.95, p99: 0.99 } as const;
export type Percentile = keyof typeof percentiles;
/** How the values of several series become one: each is summed up by itself first. */
export type Across = "sum" | "mean" | "min" | "max" | "count";

/** Sums up series that belong together. */
export interface Accumulator {
  /** A whole series by its windows and, where percentiles are asked for, by its samples. */
  add(windows: Windows, column?: Column): void;
  /** Some windows of a series, which has a name; others may follow. Not for percentiles. */
  addPart(series: string, windows: Windows): void;
  /** A value for each window; NaN where there is none. */
  values(): Float64Array;
  /** One for all of them. */
  overall(): number;
}

/** Sums up as if all samples were of one series. */
function merged(what: Summing, grid: Grid): Accumulator {
  const all = new Windows(grid);
  return {
    add: (windows) => all.add(windows),
    addPart: (_, windows) => all.add(windows),
    values: () => all.values(what),
    overall: () => all.overall(what),
  };
}

/** Sums up each series by itself, and then their values. */
function across(what: Summing, how: Across, grid: Grid): Accumulator {
  // A series is known when the last of its parts is there.
  const parts = new Map<string, Windows>();
  const each = new Windows(grid);
  const whole = new Windows({ ...grid, length: 1 });
  const add = (windows: Windows) => {
    const values = windows.values(what);
    for (let window = 0; window < values.length; window++) each.addValue(window, values[window] as number);
    whole.addValue(0, windows.overall(what));
  };
  const addParts = () => {
    for (const windows of parts.values()) add(windows);
    parts.clear();
  };
  return {
    add,
    addPart: (series, windows) => {
      let known = parts.get(series);
      if (known === undefined) parts.set(series, (known = new Windows(grid)));
      known.add(windows);
    },
    values: () => {
      addParts();
      return each.values(how);
    },
    overall: () => {
      addParts();
      return whole.overall(how);
    },
  };
}

/** A percentile of all samples, within the error of the sketch. */
function percentile(share: number, { from, step, length }: Grid): Accumulator {
  const sketches: (Sketch | undefined)[] = Array.from({ length });
  const whole = new Sketch();
  const valueIn = (sketch: Sketch | undefined) => sketch?.quantile(share) ?? NaN;
  return {
    add: (_, { at, values } = { at: [], values: [] }) => {
      for (let row = 0; row < at.length; row++) {
        const window = Math.floor(((at[row] as number) - from) / step);
        if (window < 0 || window >= length) continue;
        (sketches[window] ??= new Sketch()).add(values[row] as number);
        whole.add(values[row] as number);
      }
    },
    addPart: () => {
      throw new Error("windows know no percentiles");
    },
    values: () => Float64Array.from(sketches, valueIn),
    overall: () => valueIn(whole),
  };
}

export const isPercentile = (what: Summing | Percentile): what is Percentile => Object.hasOwn(percentiles, what);

const summing = (what: Summing | Percentile, how: Across | undefined, grid: Grid): Accumulator => {
  if (isPercentile(what)) return percentile(percentiles[what], grid);
  // What several counters grew by in a second is what all of them together did.
  const usual = what === "rate" ? "sum" : undefined;
  const chosen = how ?? usual;
  return chosen === undefined ? merged(what, grid) : across(what, chosen, grid);
};

/** Series that belong together, by what they have in common. */
export interface Group extends Accumulator {
  readonly metric: string;
  /** What they have in common, by its name. */
  readonly by: Record<string, string>;
  readonly devices: Set<string>;
}

/** What one answer holds at most: eight columns of a number each, or a sketch, for each window of each group. */
const CELLS_AT_MOST = 1_000_000;
const SKETCHES_AT_MOST = 20_000;

export class Groups {
  readonly #groups = new Map<string, Group>();
  readonly #what: Summing | Percentile;
  readonly #how: Across | undefined;
  readonly #grid: Grid;

  constructor(what: Summing | Percentile, how: Across | undefined, grid: Grid) {
    this.#what = what;
    this.#how = how;
    this.#grid = grid;
  }

  get all(): readonly Group[] {
    return [...this.#groups.values()];
  }

  /** The group of these values. Throws Problem too-large when there would be more than an answer may hold. */
  of(metric: string, by: Record<string, string>): Group {
    const key = JSON.stringify([metric, ...Object.values(by)]);
    const known = this.#groups.get(key);
    if (known !== undefined) return known;
    const most = isPercentile(this.#what) ? SKETCHES_AT_MOST : CELLS_AT_MOST;
    if ((this.#groups.size + 1) * this.#grid.length > most)
      throw new Problem(
        "too-large",
        `the answer would hold more than ${this.#groups.size} groups of ${this.#grid.length} windows; group by less, select fewer devices, or ask for a longer step`,
      );
    const group = { metric, by, devices: new Set<string>(), ...summing(this.#what, this.#how, this.#grid) };
    this.#groups.set(key, group);
    return group;
  }
}
