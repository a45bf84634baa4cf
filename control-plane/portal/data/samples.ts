import type { History, Series } from "./history.ts";

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
