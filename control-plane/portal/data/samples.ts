import type { Output } from "../../src/faces/client.ts";
import { mergedGaps } from "./gaps.ts";

export type History = Output<"cpl/ta/history">;
export type Series = History["series"][number];

/** So many times the usual distance between two samples is a gap. */
const GAP_STEPS = 3.5;

/** Instants in seconds and values; null where nothing was recorded. */
export type Samples = [at: number[], value: (number | null)[]];

/** A series with its holes made visible: a line must not run over time in which nothing was recorded. */
export function withHoles({ at, value }: Pick<Series, "at" | "value">, gaps: History["gaps"]): Samples {
  const limit = usualStep(at) * GAP_STEPS;
  const times: number[] = [];
  const values: (number | null)[] = [];
  for (const [place, now] of at.entries()) {
    const before = at[place - 1];
    if (before !== undefined && (now - before > limit || gaps.some((gap) => gap.from < now && gap.to > before))) {
      times.push((before + 1) / 1_000);
      values.push(null);
    }
    times.push(now / 1_000);
    values.push(value[place] ?? null);
  }
  return [times, values];
}

/** The median distance of two samples. */
function usualStep(at: readonly number[]): number {
  const steps = at.slice(1).map((each, place) => each - (at[place] ?? each));
  return steps.sort((a, b) => a - b)[Math.floor(steps.length / 2)] ?? Number.POSITIVE_INFINITY;
}

/** Older samples, without those that the newer answer covers, and then the newer. */
export function merged(older: History, newer: History, from: number): History {
  const keyOf = ({ metric, instance }: Series) => `${metric}\0${instance}`;
  const added = new Map(newer.series.map((series) => [keyOf(series), series]));
  const known = older.series.map((series) => {
    const more = added.get(keyOf(series));
    added.delete(keyOf(series));
    const first = series.at.findIndex((at) => at >= from);
    const last = series.at.findIndex((at) => at >= newer.from);
    const range = [first === -1 ? series.at.length : first, last === -1 ? series.at.length : last] as const;
    return {
      ...series,
      at: [...series.at.slice(...range), ...(more?.at ?? [])],
      value: [...series.value.slice(...range), ...(more?.value ?? [])],
    };
  });
  const gaps = mergedGaps(older.gaps, newer, from);
  const estimated = [...older.estimated.filter(({ to }) => to >= from && to < newer.from), ...newer.estimated];
  return { device: newer.device, from, to: newer.to, series: [...known, ...added.values()], gaps, estimated };
}
