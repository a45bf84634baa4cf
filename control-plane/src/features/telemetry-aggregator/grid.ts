import { DAY, HOUR, MINUTE, SECOND } from "@edgemere/protocol/kit";
import { Problem } from "../../platform/problem.ts";
import { localDays } from "./local-days.ts";

/** The lengths that windows have, shortest first. Each begins at a whole multiple of it since 1970 UTC, so shorter ones fit into longer ones. */
export const steps = { "10s": 10 * SECOND, "1m": MINUTE, "5m": 5 * MINUTE, "1h": HOUR, "1d": DAY } as const;
export type Step = keyof typeof steps;

/** Windows in a row: the first begins at `from`, each lasts `step` milliseconds, its end not included. */
export interface Grid {
  readonly from: number;
  readonly step: number;
  readonly length: number;
  /** Where windows are days of a time zone: when each begins, and at last the end. Then `step` is only what most of them last. */
  readonly begins?: readonly number[];
}

export const beginOfWindow = ({ from, step, begins }: Grid, window: number): number =>
  begins === undefined ? from + window * step : (begins[window] as number);

export const endOfGrid = (grid: Grid): number => beginOfWindow(grid, grid.length);

/** Which window holds an instant; one that is not there when none does. */
export const windowAt = ({ from, step, length, begins }: Grid, instant: number): number =>
  begins === undefined ? Math.floor((instant - from) / step) : placeAmong(begins, length, instant);

function placeAmong(begins: readonly number[], length: number, instant: number): number {
  let [low, high] = [-1, length];
  while (high - low > 1) {
    const middle = (low + high) >> 1;
    if ((begins[middle] as number) <= instant) low = middle;
    else high = middle;
  }
  return low >= 0 && instant >= (begins[length] as number) ? length : low;
}

const USUALLY_AT_MOST = 400;
const WINDOWS_AT_MOST = 10_000;

interface Range {
  readonly from: number;
  readonly to: number;
}

/** Whole windows that hold a range; without a step, of the shortest from `least` on that makes no more of them than a screen shows. */
export function gridOf(range: Range, step?: Step, least: Step = "10s"): Grid & { name: Step } {
  const names = (Object.keys(steps) as Step[]).filter((each) => steps[each] >= steps[least]);
  const fitting = names.find((each) => lengthOf(range, steps[each]) <= USUALLY_AT_MOST) ?? "1d";
  const name = step ?? fitting;
  const length = lengthOf(range, steps[name]);
  if (length > WINDOWS_AT_MOST)
    throw new Problem(
      "too-large",
      `the range has ${length} windows of ${name}, more than ${WINDOWS_AT_MOST}; ask for a shorter range${name === "1d" ? "" : ` or a longer step, such as ${fitting}`}`,
    );
  return { name, from: Math.floor(range.from / steps[name]) * steps[name], step: steps[name], length };
}

/** Whole days of a time zone that hold a range. Throws Problem invalid-input when there is no such zone. */
export function gridOfDays(range: Range, zone: string): Grid & { name: Step } {
  // Refuses too long a range.
  gridOf(range, "1d");
  const days = localDays(zone);
  const begins = [days.beginOf(range.from)];
  do begins.push(days.after(begins.at(-1) ?? range.from));
  while ((begins.at(-1) ?? range.to) < range.to);
  return { name: "1d", from: begins[0] ?? range.from, step: DAY, length: begins.length - 1, begins };
}

/** As many windows just before others. */
export function gridBefore(grid: Grid, zone: string | undefined): Grid {
  if (zone === undefined) return { ...grid, from: grid.from - grid.step * grid.length };
  const days = localDays(zone);
  const begins = [grid.from];
  for (let day = 0; day < grid.length; day++) begins.push(days.before(begins.at(-1) ?? grid.from));
  begins.reverse();
  return { ...grid, from: begins[0] ?? grid.from, begins };
}

/** A range that ends where it begins is the one window that holds the instant. */
const lengthOf = ({ from, to }: Range, step: number): number =>
  Math.max(1, Math.ceil(to / step) - Math.floor(from / step));
