import { useComputedColorScheme } from "@mantine/core";
import { useMemo, useState } from "react";
import { columnsOf, readerOf, type LineData } from "../data/chart-columns.ts";
import { explainGap, gapAt } from "../data/gaps.ts";
import { visible } from "../data/hostile-text.ts";
import { momentText } from "../data/moment.ts";
import { readingText } from "../data/metric.ts";
import type { History } from "../data/samples.ts";
import { useChartFrame } from "./chart-frame.ts";
import { ChartLegend } from "./chart-legend.tsx";
import { Plot } from "./plot.tsx";

export interface ChartLine extends LineData {
  /** Distinguishes it from the others of its chart; may come from a device, as all of these texts. */
  readonly label: string;
  readonly device: string;
  readonly metric: string;
  readonly instance: string;
}

export interface ChartProps {
  readonly title: string;
  readonly lines: readonly ChartLine[];
  /** What is marked behind the lines: of one device, or nothing. */
  readonly marked: Pick<History, "gaps" | "estimated">;
}

/** Lines over time. The numbers stand below it as text, at the pointer or the newest. */
export function Chart({ title, lines, marked }: ChartProps) {
  const { isUtc, marks } = useChartFrame();
  const [moment, setMoment] = useState<number | undefined>(undefined);
  const [alone, setAlone] = useState<string | undefined>(undefined);
  const scheme = useComputedColorScheme("light");
  const metric = lines[0]?.metric ?? "";
  const { data, readers } = useMemo(() => ({ data: columnsOf(lines), readers: lines.map(readerOf) }), [lines]);
  const shade = useMemo(() => ({ ...marked, marks }), [marked, marks]);
  const gap = moment === undefined ? undefined : gapAt(marked.gaps, moment);
  const rows = lines.map((line, place) => ({
    label: visible(line.label),
    metric: line.metric,
    reading: gap ? undefined : readers[place]?.(moment),
  }));
  const at = moment ?? Math.max(...rows.flatMap(({ reading }) => reading?.at ?? []));
  const when = Number.isFinite(at) ? momentText(at, isUtc) : "";
  const note = gap && visible(explainGap(gap.reason));
  return (
    <>
      <Plot
        // A canvas keeps its colours: another scheme needs another one.
        key={`${scheme} ${isUtc} ${metric} ${lines.length}`}
        name={`${title}, chart over time`}
        metric={metric}
        lines={lines.length}
        alone={alone === undefined ? undefined : lines.findIndex(({ label }) => label === alone)}
        data={data}
        shade={shade}
        moment={moment}
        reading={`${when}: ${note ?? rows.map((row) => `${row.label} ${readingText(row.metric, row.reading)}`).join(", ")}`}
        onMoment={setMoment}
      />
      <ChartLegend
        caption={title}
        when={moment === undefined ? "newest" : when}
        note={note}
        rows={rows}
        alone={alone === undefined ? undefined : visible(alone)}
        onAlone={(place) => setAlone(lines[place]?.label === alone ? undefined : lines[place]?.label)}
      />
    </>
  );
}
