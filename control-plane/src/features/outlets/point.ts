import { isNamed } from "../../platform/metric-pattern.ts";

/** Samples of one series of a device, ascending. */
export interface Points {
  readonly device: { readonly id: string; readonly name: string; readonly labels: Readonly<Record<string, string>> };
  readonly metric: string;
  readonly instance: string;
  readonly samples: readonly (readonly [at: number, value: number])[];
}

/** What of an arrival goes out. */
export interface Sending {
  readonly device: Points["device"];
  readonly series: readonly {
    readonly metric: string;
    readonly instance: string;
    readonly at: readonly number[];
    readonly value: readonly number[];
  }[];
}

/**
 * Arrivals as series: each once, its instants ascending and each once, as receivers demand. Of two values at one instant the
 * later counts; what stands before 1970 has no place in any of the protocols.
 */
export function pointsOf(arrivals: readonly Sending[], metrics: readonly string[]): readonly Points[] {
  const found = new Map<string, Omit<Points, "samples"> & { readonly values: Map<number, number> }>();
  for (const { device, series } of arrivals)
    for (const { metric, instance, at, value } of series) {
      if (metrics.length > 0 && !isNamed(metric, metrics)) continue;
      const key = [device.id, metric, instance].join("\u0000");
      const known = found.get(key) ?? { device, metric, instance, values: new Map<number, number>() };
      found.set(key, known);
      for (const [row, instant] of at.entries()) if (instant > 0) known.values.set(instant, value[row] ?? 0);
    }
  return [...found.values()]
    .filter(({ values }) => values.size > 0)
    .map(({ values, ...of }) => ({ ...of, samples: [...values].toSorted(([a], [b]) => a - b) }));
}

export const countOf = (points: readonly Points[]): number =>
  points.reduce((sum, { samples }) => sum + samples.length, 0);
