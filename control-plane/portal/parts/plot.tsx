import "uplot/dist/uPlot.min.css";
import { useElementSize } from "@mantine/hooks";
import { useEffect, useEffectEvent, useRef } from "react";
import uPlot from "uplot";
import type { History } from "../data/samples.ts";
import { formatValue, isBytes, isShare } from "../data/metric.ts";
import { chartOptions, type Point } from "./chart-options.ts";

const HEIGHT = 150;

export interface PlotProps {
  readonly name: string;
  readonly metric: string;
  readonly lines: number;
  readonly data: uPlot.AlignedData;
  readonly range: Pick<History, "from" | "to" | "gaps">;
  readonly isUtc: boolean;
  readonly onPoint: (point: Point | undefined) => void;
}

/** The canvas of a chart. Drawn anew when its width changes; new samples only move it. */
export function Plot({ name, metric, lines, data, range, isUtc, onPoint }: PlotProps) {
  const { ref: frame, width } = useElementSize();
  const place = useRef<HTMLDivElement>(null);
  const plot = useRef<uPlot | undefined>(undefined);
  const shown = useRef({ data, range });

  useEffect(() => {
    shown.current = { data, range };
    plot.current?.setData(data);
  }, [data, range]);

  const draw = useEffectEvent(
    (target: HTMLElement) =>
      new uPlot(
        chartOptions({
          width,
          height: HEIGHT,
          lines,
          isUtc,
          isShare: isShare(metric),
          isBytes: isBytes(metric),
          format: (value) => formatValue(metric, value),
          rangeNow: () => shown.current.range,
          onPoint,
        }),
        shown.current.data,
        target,
      ),
  );
  useEffect(() => {
    if (place.current === null || width === 0) return undefined;
    const made = draw(place.current);
    plot.current = made;
    return () => {
      plot.current = undefined;
      made.destroy();
    };
  }, [width]);

  return (
    <div ref={frame}>
      <div ref={place} role="img" aria-label={name} className="plot" style={{ height: HEIGHT }} />
    </div>
  );
}
