import { useComputedColorScheme } from "@mantine/core";
import { useMemo, useState } from "react";
import uPlot from "uplot";
import { visible } from "../data/hostile-text.ts";
import { withHoles, type History, type Series } from "../data/samples.ts";
import { explainGap, gapAt } from "../data/gaps.ts";
import { ChartLegend } from "./chart-legend.tsx";
import type { Point } from "./chart-options.ts";
import { Plot } from "./plot.tsx";

export interface ChartProps {
  readonly title: string;
  readonly series: readonly Series[];
  readonly labelOf: (series: Series) => string;
  readonly range: Pick<History, "from" | "to" | "gaps">;
  readonly isUtc: boolean;
}

/** Lines over time. The numbers stand below it as text, at the pointer or the newest. */
export function Chart({ title, series, labelOf, range, isUtc }: ChartProps) {
  const [pointed, setPointed] = useState<Point | undefined>(undefined);
  const scheme = useComputedColorScheme("light");
  const metric = series[0]?.metric ?? "";
  const data = useMemo(() => uPlot.join(series.map((each) => withHoles(each, range.gaps))), [series, range.gaps]);
  const gap = pointed && gapAt(range.gaps, pointed.at);
  return (
    <>
      <Plot
        // A canvas keeps its colours: another scheme needs another one.
        key={`${scheme} ${isUtc} ${metric} ${series.length}`}
        name={`${title}, chart over time`}
        metric={metric}
        lines={series.length}
        data={data}
        range={range}
        isUtc={isUtc}
        onPoint={setPointed}
      />
      <ChartLegend
        caption={title}
        at={pointed && (gap ? pointed.at / 1_000 : data[0][pointed.place])}
        note={gap && explainGap(gap.reason)}
        isUtc={isUtc}
        lines={series.map((each, line) => ({
          label: visible(labelOf(each)),
          value: gap ? undefined : valueAt(data[line + 1] ?? [], pointed?.place),
          metric: each.metric,
        }))}
      />
    </>
  );
}

/** The value at the pointer, else the newest. */
function valueAt(values: ArrayLike<number | null | undefined>, pointed: number | undefined): number | undefined {
  if (pointed !== undefined) return values[pointed] ?? undefined;
  for (let place = values.length - 1; place >= 0; place--) {
    const value = values[place];
    if (typeof value === "number") return value;
  }
  return undefined;
}
