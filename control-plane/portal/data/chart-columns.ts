import type { History, Series } from "./samples.ts";

/** So many times the usual distance between two samples is a gap. */
const GAP_STEPS = 3.5;

/** What a line is drawn from. */
export interface LineData extends Pick<Series, "at" | "value" | "low" | "high"> {
  /** In which the line is broken, ascending. */
  readonly gaps: History["gaps"];
}

/** Instants in seconds, ascending, then a column per line: null breaks the line, undefined is no point of it. */
export type Columns = [at: number[], ...lines: (number | null | undefined)[][]];

/**
 * Lines with different instants side by side, as a canvas wants them. A step with extremes becomes two points at one
 * instant: an upright stroke from the lowest to the highest, as all samples of the step would draw it. A line is broken
 * where nothing was recorded: it must not run over time of which nothing is known.
 */
export function columnsOf(lines: readonly LineData[]): Columns {
  const points = lines.map(pointsOf);
  const places = points.map(() => 0);
  const instants: number[] = [];
  const columns: (number | null | undefined)[][] = lines.map(() => []);
  for (;;) {
    const heads = points.map(({ at }, line) => at[places[line] ?? 0] ?? Number.POSITIVE_INFINITY);
    const now = Math.min(...heads);
    if (now === Number.POSITIVE_INFINITY) return [instants, ...columns];
    instants.push(now / 1_000);
    for (const [line, head] of heads.entries()) {
      const place = places[line] ?? 0;
      columns[line]?.push(head === now ? points[line]?.value[place] : undefined);
      if (head === now) places[line] = place + 1;
    }
  }
}

function pointsOf({ at, value, low, high, gaps }: LineData): { at: number[]; value: (number | null)[] } {
  const limit = usualStep(at) * GAP_STEPS;
  const broken = breaks(at, gaps);
  const points: { at: number[]; value: (number | null)[] } = { at: [], value: [] };
  const push = (instant: number, each: number | null | undefined) => {
    points.at.push(instant);
    points.value.push(each ?? null);
  };
  for (const [place, now] of at.entries()) {
    const before = at[place - 1];
    if (before !== undefined && (now - before > limit || broken[place])) push(before + 1, null);
    const [least, most] = [low?.[place], high?.[place]];
    if (typeof least !== "number" || typeof most !== "number" || least === most) push(now, value[place]);
    else {
      // The nearer end first, so that the stroke between two steps is short.
      const end = points.value.at(-1) ?? least;
      const isLowFirst = Math.abs(end - least) <= Math.abs(end - most);
      push(now, isLowFirst ? least : most);
      push(now, isLowFirst ? most : least);
    }
  }
  return points;
}

/** Whether a gap lies between a sample and the one before it. */
function breaks(at: readonly number[], gaps: History["gaps"]): readonly boolean[] {
  let next = 0;
  let end = Number.NEGATIVE_INFINITY;
  return at.map((now, place) => {
    for (let gap = gaps[next]; gap !== undefined && gap.from < now; gap = gaps[++next]) end = Math.max(end, gap.to);
    return end > (at[place - 1] ?? Number.POSITIVE_INFINITY);
  });
}

/** The median distance of two samples, milliseconds. */
function usualStep(at: readonly number[]): number {
  const steps = at.slice(1).map((each, place) => each - (at[place] ?? each));
  return steps.sort((a, b) => a - b)[Math.floor(steps.length / 2)] ?? Number.POSITIVE_INFINITY;
}

/** What a line says of a moment: its last sample before it, unless so much time passed since that nothing is known. */
export interface Reading {
  readonly at: number;
  readonly value: number;
  /** Where the sample stands for a step of many. */
  readonly low?: number;
  readonly high?: number;
}

/** Reads lines off at a moment in milliseconds since 1970; without one, at their newest samples. */
export function readerOf(series: LineData): (moment?: number) => Reading | undefined {
  const { at } = series;
  const limit = usualStep(at) * GAP_STEPS;
  return (moment) => {
    if (moment === undefined) return readingAt(series, at.length - 1);
    const next = firstAfter(at, moment);
    const [before, after] = [at[next - 1], at[next]];
    // A step is dated by its last sample, so a moment belongs to the nearer one.
    const isNext = after !== undefined && (before === undefined || after - moment < moment - before);
    const place = isNext ? next : next - 1;
    const isKnown = Math.abs((at[place] ?? Number.NaN) - moment) <= limit || at.length === 1;
    return isKnown ? readingAt(series, place) : undefined;
  };
}

function readingAt({ at, value, low, high }: LineData, place: number): Reading | undefined {
  const [instant, last] = [at[place], value[place]];
  if (instant === undefined || typeof last !== "number") return undefined;
  const [least, most] = [low?.[place], high?.[place]];
  const hasExtremes = typeof least === "number" && typeof most === "number" && least !== most;
  return { at: instant, value: last, ...(hasExtremes && { low: least, high: most }) };
}

/** Where the first of ascending instants stands that is later than a moment. */
export function firstAfter(at: readonly number[], moment: number): number {
  let [from, to] = [0, at.length];
  while (from < to) {
    const middle = (from + to) >> 1;
    if ((at[middle] ?? 0) > moment) to = middle;
    else from = middle + 1;
  }
  return from;
}
