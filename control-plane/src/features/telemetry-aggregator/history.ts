import type { SeriesSamples } from "./reading.ts";
import { extremesOfSteps } from "./steps.ts";

interface Wanted {
  readonly from: number;
  readonly to: number;
  /** Samples at most. */
  readonly points: number;
  /** With the lowest and the highest of each step. */
  readonly extremes?: boolean | undefined;
}

/** Samples between two instants: where there are more than are wanted, each is the last of its step. */
export function thinned({ at, values }: SeriesSamples, { from, to, points, extremes = false }: Wanted) {
  if (at.length <= points) return { at: [...at], value: [...values] };
  const step = Math.max(1, (to - from + 1) / points);
  const { low, high, ...last } = extremesOfSteps({ at, values }, { from, step });
  return extremes ? { ...last, low, high } : last;
}
