import type { Series } from "./samples.ts";

/** What a device that sums up its samples sends beside the mean: `cpu.busy_percent:min`. No metric has a colon otherwise. */
const PARTS = ["min", "max", "sum", "count", "last"];

/** The metric of which a series is a part; undefined for one that stands for itself. */
export function wholeOf(metric: string): string | undefined {
  const colon = metric.lastIndexOf(":");
  return colon > 0 && PARTS.includes(metric.slice(colon + 1)) ? metric.slice(0, colon) : undefined;
}

const nameOf = (metric: string, instance: string) => `${metric}\0${instance}`;

/** Series in which the lowest and highest of windows that a device summed up are those of its mean. */
export function folded(series: readonly Series[]): Series[] {
  const known = new Map(series.map((each) => [nameOf(each.metric, each.instance), each]));
  return series.flatMap((each) => {
    const whole = wholeOf(each.metric);
    if (whole !== undefined && known.has(nameOf(whole, each.instance))) return [];
    const part = (name: string) => known.get(nameOf(`${each.metric}:${name}`, each.instance));
    const [lows, highs] = [part("min"), part("max")];
    if (lows === undefined || highs === undefined) return [each];
    return [
      {
        ...each,
        low: bounds(each, each.low, { at: lows.at, value: lows.low ?? lows.value }, Math.min),
        high: bounds(each, each.high, { at: highs.at, value: highs.high ?? highs.value }, Math.max),
      },
    ];
  });
}

/** The bound of each entry: its own, and those of the windows since the entry before. */
function bounds(
  { at, value }: Series,
  own: Series["low"],
  windows: Pick<Series, "at" | "value">,
  choose: (...values: number[]) => number,
): (number | null)[] {
  let next = 0;
  return at.map((now, place) => {
    const found = [own?.[place] ?? value[place]];
    for (; (windows.at[next] ?? Number.POSITIVE_INFINITY) <= now; next++) found.push(windows.value[next]);
    const numbers = found.filter((each) => typeof each === "number");
    return numbers.length === 0 ? null : choose(...numbers);
  });
}
