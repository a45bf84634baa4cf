/** Units in which the names of metrics end, the longest before those that it ends in itself. */
export const metricUnits = [
  "bytes_per_second",
  "per_second",
  "percent",
  "bytes",
  "celsius",
  "milliseconds",
  "seconds",
  "count",
] as const;
export type MetricUnit = (typeof metricUnits)[number];

/** The unit that a metric's name tells: bytes of `memory.used_bytes`; undefined where it ends in none that is known. */
export const unitOfMetric = (metric: string): MetricUnit | undefined =>
  metricUnits.find((unit) => metric.endsWith(`_${unit}`) || metric.endsWith(`.${unit}`));

/** As what a metric is told of when its samples are summed up so: a number of samples has no unit, and what grows in a second has another. */
export function summedMetric(metric: string, summing: string): string {
  if (summing === "count") return "samples.count";
  return summing === "rate" ? `${metric}_per_second` : metric;
}
