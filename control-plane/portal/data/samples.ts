import type { Output } from "../../src/faces/client.ts";
import { mergedGaps } from "./gaps.ts";

export type History = Output<"cpl/ta/history">;
export type Series = History["series"][number];

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
    const { metric, instance } = series;
    return {
      metric,
      instance,
      at: [...series.at.slice(...range), ...(more?.at ?? [])],
      value: [...series.value.slice(...range), ...(more?.value ?? [])],
      ...withExtremes(series, more, range),
    };
  });
  const gaps = mergedGaps(older.gaps, newer, from);
  const estimated = [...older.estimated.filter(({ to }) => to >= from && to < newer.from), ...newer.estimated];
  return { ...newer, from, series: [...known, ...added.values()], gaps, estimated };
}

/** The extremes of both, where one of them is thinned out: a sample that stands for itself is its own. */
function withExtremes(
  older: Series,
  newer: Series | undefined,
  range: readonly [number, number],
): Pick<Series, "low" | "high"> {
  if (older.low === undefined && newer?.low === undefined) return {};
  const both = (bound: "low" | "high") => [
    ...(older[bound] ?? older.value).slice(...range),
    ...(newer?.[bound] ?? newer?.value ?? []),
  ];
  return { low: both("low"), high: both("high") };
}
