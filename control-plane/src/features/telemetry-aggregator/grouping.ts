import { Sketch } from "@edgemere/protocol";
import { Problem } from "../../platform/problem.ts";
import type { GroupWindows } from "./group-bytes.ts";
import { beginOfWindow, windowAt, type Grid } from "./grid.ts";
import { addSample, percentileOf, type SketchesAt } from "./sketched.ts";
import { Windows, type Column, type Summing } from "./windows.ts";

export const percentiles = { p50: 0.5, p90: 0.9, p95: 0.95, p99: 0.99 } as const;
export type Percentile = keyof typeof percentiles;
/** How the values of several series become one: each is summed up by itself first. */
export type Across = "sum" | "mean" | "min" | "max" | "count";

/** Sums up series that belong together. */
export interface Accumulator {
  /** A whole series by its windows and, where percentiles are asked for, by its samples. */
  add(windows: Windows, column?: Column & { readonly sketches?: SketchesAt }): void;
  /** Some windows of a series, which has a name; others may follow. Not for percentiles. */
  addPart(series: string, windows: Windows): void;
  /** Windows of all series of a group, with their sketches. Not where each series is summed up by itself. */
  addMade(made: GroupWindows): void;
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
    addMade: ({ windows }) => all.add(windows),
    values: () => all.values(what),
    overall: () => all.overall(what),
  };
}

/** Sums up each series by itself, and then their values. */
function across(what: Summing, how: Across, grid: Grid, hold: () => void): Accumulator {
  // A series is known when the last of its parts is there.
  const parts = new Map<string, Windows>();
  const each = new Windows(grid);
  const whole = new Windows({ from: grid.from, step: grid.step, length: 1 });
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
      if (known === undefined) {
        hold();
        parts.set(series, (known = new Windows(grid)));
      }
      known.add(windows);
    },
    addMade: () => {
      throw new Error("windows of a group know no single series");
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

/** A percentile of all samples, within the error of the sketch, and never beyond the least and the largest of them. */
function percentile(share: number, grid: Grid): Accumulator {
  const { length } = grid;
  const sketches: (Sketch | undefined)[] = Array.from({ length });
  const whole = new Sketch();
  const extremes = new Windows(grid);
  return {
    add: (own, column = { at: [], values: [] }) => {
      extremes.add(own);
      for (let row = 0; row < column.at.length; row++) {
        const window = windowAt(grid, column.at[row] as number);
        if (window < 0 || window >= length) continue;
        addSample((sketches[window] ??= new Sketch()), column, row);
        addSample(whole, column, row);
      }
    },
    addPart: () => {
      throw new Error("windows know no percentiles");
    },
    addMade: ({ windows, sketches: made }) => {
      extremes.add(windows);
      for (const [place, sketch] of made.entries()) {
        const window = windowAt(grid, beginOfWindow(windows.grid, place));
        if (sketch === undefined || window < 0 || window >= length) continue;
        (sketches[window] ??= new Sketch()).merge(sketch);
        whole.merge(sketch);
      }
    },
    values: () =>
      Float64Array.from(sketches, (sketch, window) =>
        percentileOf(sketch, share, {
          count: extremes.count[window] as number,
          min: extremes.min[window] as number,
          max: extremes.max[window] as number,
        }),
      ),
    overall: () =>
      percentileOf(whole, share, {
        count: extremes.overall("count"),
        min: extremes.overall("min"),
        max: extremes.overall("max"),
      }),
  };
}

export const isPercentile = (what: Summing | Percentile): what is Percentile => Object.hasOwn(percentiles, what);

const summing = (what: Summing | Percentile, how: Across | undefined, grid: Grid, hold: () => void): Accumulator => {
  if (isPercentile(what)) return percentile(percentiles[what], grid);
  // What several counters grew by in a second is what all of them together did.
  const usual = what === "rate" ? "sum" : undefined;
  const chosen = how ?? usual;
  return chosen === undefined ? merged(what, grid) : across(what, chosen, grid, hold);
};

/** Series that belong together, by what they have in common. */
export interface Group extends Accumulator {
  /** Different for different groups, and the same for what they are in another query that only asks of another time. */
  readonly key: string;
  readonly metric: string;
  /** What they have in common, by its name. */
  readonly by: Record<string, string>;
  readonly devices: Set<string>;
  /** The most devices in a window that was made of all of them. */
  most: number;
}

/** What one answer holds at most: eight columns of a number each, or a sketch, for each window of each group. */
const CELLS_AT_MOST = 1_000_000;
const SKETCHES_AT_MOST = 20_000;
/** The same for each window of each series, where series are summed up side by side: 256 MiB. */
const PARTS_AT_MOST = 4_000_000;

export class Groups {
  readonly #groups = new Map<string, Group>();
  readonly #what: Summing | Percentile;
  readonly #how: Across | undefined;
  readonly #by: readonly string[];
  readonly #grid: Grid;
  readonly #partsAtMost: number;
  #parts = 0;

  /** Of series that have in common what these words tell. */
  constructor(
    what: Summing | Percentile,
    {
      across: how,
      by,
      grid,
    }: { readonly across: Across | undefined; readonly by: readonly string[]; readonly grid: Grid },
    partsAtMost = PARTS_AT_MOST,
  ) {
    this.#what = what;
    this.#how = how;
    this.#by = by;
    this.#grid = grid;
    this.#partsAtMost = partsAtMost;
  }

  get all(): readonly Group[] {
    return [...this.#groups.values()];
  }

  /** The group of these values, one for each word. Throws Problem too-large when there would be more than an answer may hold. */
  of(metric: string, values: readonly string[]): Group {
    const key = keyOf(metric, values);
    const known = this.#groups.get(key);
    if (known !== undefined) return known;
    const most = isPercentile(this.#what) ? SKETCHES_AT_MOST : CELLS_AT_MOST;
    if ((this.#groups.size + 1) * this.#grid.length > most)
      throw new Problem(
        "too-large",
        `the answer would hold more than ${this.#groups.size} groups of ${this.#grid.length} windows; group by less, select fewer devices, or ask for a longer step`,
      );
    const by = Object.fromEntries(this.#by.map((word, place) => [word, values[place] ?? ""]));
    const group = {
      key,
      metric,
      by,
      devices: new Set<string>(),
      most: 0,
      ...summing(this.#what, this.#how, this.#grid, () => this.#hold()),
    };
    this.#groups.set(key, group);
    return group;
  }

  /** One more series is held until its last part is there. Throws Problem too-large when there are too many. */
  #hold(): void {
    this.#parts += this.#grid.length;
    if (this.#parts <= this.#partsAtMost) return;
    throw new Problem(
      "too-large",
      `more than ${Math.floor(this.#partsAtMost / this.#grid.length)} series of ${this.#grid.length} windows would be summed up side by side; ask for a longer step, fewer devices, or fewer instances`,
    );
  }
}

/** Looked up for every series of every device: the lengths keep apart what could be cut in two ways. */
function keyOf(metric: string, values: readonly string[]): string {
  let key = `${metric.length} ${metric}`;
  for (const value of values) key += ` ${value.length} ${value}`;
  return key;
}
