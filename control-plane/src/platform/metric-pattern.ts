/** Whether a metric is one of those named; `x.*` names all that begin with `x.`. */
export const isNamed = (metric: string, patterns: readonly string[]): boolean =>
  patterns.some((each) => (each.endsWith(".*") ? metric.startsWith(each.slice(0, -1)) : metric === each));

/** A metric of a device, such as `filesystem.used_bytes`, as a name that Prometheus takes. */
export const prometheusName = (metric: string): string =>
  `edgemere_telemetry_${metric.replaceAll(/[^A-Za-z0-9_]/g, "_")}`;

/** A label of a device as one that Prometheus takes. */
export const prometheusLabel = (label: string): string => `label_${label.replaceAll(/[^A-Za-z0-9_]/g, "_")}`;
