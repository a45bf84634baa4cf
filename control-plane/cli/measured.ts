import { summedMetric, unitOfMetric, type MetricUnit } from "@edgemere/protocol/metric-unit";
import { cellOf, humanBytes } from "./cells.ts";

const number = (value: number) => cellOf("", value);

const writings: Readonly<Record<MetricUnit, (value: number) => string>> = {
  bytes_per_second: (value) => `${humanBytes(value)}/s`,
  per_second: (value) => `${number(value)} /s`,
  percent: (value) => `${number(value)} %`,
  bytes: humanBytes,
  celsius: (value) => `${number(value)} \u00b0C`,
  milliseconds: (value) => `${number(value)} ms`,
  seconds: (value) => `${number(value)} s`,
  count: number,
};

/** A value of a metric with the unit that its name tells. */
export function measured(metric: string, value: unknown): string {
  if (typeof value !== "number") return "-";
  const unit = unitOfMetric(metric);
  return unit === undefined ? number(value) : writings[unit](value);
}

interface Series {
  readonly metric: string;
  readonly instance?: string;
  readonly by?: Readonly<Record<string, string>>;
  readonly at?: readonly number[];
  readonly value: readonly (number | null)[];
  readonly devices?: number;
  readonly overall?: number | null;
  readonly before?: number | null;
  readonly change?: number | null;
}

/** Series as a person reads them: a line each, with units, and of its many values what tells most. Other outputs stay as they are. */
export function readableSeries(path: string, output: unknown): unknown {
  if (path !== "cpl/ta/query" && path !== "cpl/ta/history") return output;
  const { series, at: _, ...head } = output as { readonly series: readonly Series[]; readonly at?: unknown };
  const summing = "function" in head && typeof head.function === "string" ? head.function : "last";
  return { ...head, series: series.map((each) => lineOf(each, summing)) };
}

function lineOf({ metric, instance, by = {}, value, ...told }: Series, summing: string): object {
  const named = summedMetric(metric, summing);
  const values = value.filter((each) => each !== null);
  const text = (each: number | null | undefined) => measured(named, each);
  return {
    ...by,
    metric,
    ...(instance !== undefined && { instance }),
    ...("overall" in told && { value: text(told.overall) }),
    ...("before" in told && { before: text(told.before), change: changeText(told.change) }),
    ...(values.length > 0 && {
      least: text(extreme(values, -1)),
      largest: text(extreme(values, 1)),
      last: text(values.at(-1)),
    }),
    ...("devices" in told && { devices: told.devices }),
    ...(instance !== undefined && { samples: values.length }),
  };
}

// A series may be longer than a call has arguments.
const extreme = (values: readonly number[], sign: 1 | -1): number | undefined =>
  values.reduce(
    (most: number | undefined, each) => (most === undefined || sign * each > sign * most ? each : most),
    undefined,
  );

const changeText = (change: number | null | undefined): string =>
  typeof change === "number" ? `${change > 0 ? "+" : ""}${number(change * 100)} %` : "-";
