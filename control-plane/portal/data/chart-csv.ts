import type { LineData } from "./chart-columns.ts";
import type { Interval } from "./chart-range.ts";
import { csvOf } from "./csv.ts";

interface NamedLine extends LineData {
  readonly device: string;
  readonly metric: string;
  readonly instance: string;
}

/** What charts show of an interval, one sample a row, instants in UTC; of steps of many samples their extremes as well. */
export const chartCsv = (lines: readonly NamedLine[], { from, to }: Interval): string =>
  csvOf([
    ["time", "device", "metric", "instance", "value", "low", "high"],
    ...lines.flatMap(({ device, metric, instance, at, value, low, high }) =>
      at.flatMap((instant, place) => {
        const [last, least, most] = [value, low, high].map((column) => column?.[place] ?? undefined);
        if (instant < from || instant > to || last === undefined) return [];
        return [[new Date(instant).toISOString(), device, metric, instance, last, least, most]];
      }),
    ),
  ]);
