import "uplot/dist/uPlot.min.css";
import { useElementSize } from "@mantine/hooks";
import { useEffect, useEffectEvent, useLayoutEffect, useRef, type KeyboardEvent } from "react";
import uPlot from "uplot";
import type { Columns } from "../data/chart-columns.ts";
import { panned, zoomed } from "../data/chart-range.ts";
import { formatValue, isBytes, isShare } from "../data/metric.ts";
import { useChartFrame } from "./chart-frame.ts";
import { listenToGestures } from "./chart-gestures.ts";
import { chartOptions } from "./chart-options.ts";
import type { Shade } from "./chart-shading.ts";

const HEIGHT = 150;
/** Shares of the width by which the arrow keys move the cursor and the view. */
const CURSOR_STEP = 0.01;
const PAN_STEP = 0.25;

export interface PlotProps {
  readonly name: string;
  readonly metric: string;
  readonly lines: number;
  /** The one line that is shown; all when undefined. */
  readonly alone: number | undefined;
  readonly data: Columns;
  readonly shade: Shade;
  /** Where the cursor is; undefined where it is not. */
  readonly moment: number | undefined;
  /** What the chart says there, for those who do not see it. */
  readonly reading: string;
  readonly onMoment: (at: number | undefined) => void;
}

/** The canvas of a chart. Drawn anew when its width changes; new samples only move it. */
export function Plot({ name, metric, lines, alone, data, shade, moment, reading, onMoment }: PlotProps) {
  const { interval, isUtc, show, onPlaced } = useChartFrame();
  const { ref: frame, width } = useElementSize();
  const place = useRef<HTMLDivElement>(null);
  const plot = useRef<uPlot | undefined>(undefined);
  const shown = useRef({ data, interval, shade });

  useLayoutEffect(() => {
    const isNew = shown.current.data !== data;
    shown.current = { data, interval, shade };
    if (isNew) plot.current?.setData(data);
    else plot.current?.setScale("x", { min: interval.from / 1_000, max: interval.to / 1_000 });
  }, [data, interval, shade]);
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
          intervalNow: () => shown.current.interval,
          shadeNow: () => shown.current.shade,
          onMoment,
          onPlaced,
        }),
        shown.current.data,
        target,
      ),
  );
  const showNow = useEffectEvent(show);
  useEffect(() => {
    if (place.current === null || width === 0) return undefined;
    const made = draw(place.current);
    plot.current = made;
    const stop = listenToGestures(made, {
      intervalNow: () => shown.current.interval,
      show: (...how) => showNow(...how),
    });
    return () => {
      plot.current = undefined;
      stop();
      made.destroy();
    };
  }, [width]);

  useEffect(() => {
    for (const [place, { show }] of plot.current?.series.slice(1).entries() ?? []) {
      const isShown = alone === undefined || alone === place;
      if (show !== isShown) plot.current?.setSeries(place + 1, { show: isShown });
    }
  });

  /** As the mouse would, so that the other charts of the page follow. */
  const point = (share: number) => {
    const over = plot.current?.over;
    if (over === undefined) return;
    const { left, top, width, height } = over.getBoundingClientRect();
    const at = moment === undefined ? 1 : (moment - interval.from) / (interval.to - interval.from);
    const clientX = left + Math.min(1, Math.max(0, at + share)) * width;
    over.dispatchEvent(new MouseEvent("mousemove", { clientX, clientY: top + height / 2 }));
  };
  const onKeyDown = (event: KeyboardEvent) => {
    const { key, shiftKey, ctrlKey, altKey, metaKey } = event;
    if (ctrlKey || altKey || metaKey) return;
    const sign = key === "ArrowLeft" ? -1 : 1;
    const keys: Readonly<Record<string, () => void>> = {
      ArrowLeft: () => (shiftKey ? show(panned(interval, sign * PAN_STEP)) : point(sign * CURSOR_STEP)),
      ArrowRight: () => (shiftKey ? show(panned(interval, sign * PAN_STEP)) : point(sign * CURSOR_STEP)),
      "+": () => show(zoomed(interval, 0.5)),
      "=": () => show(zoomed(interval, 0.5)),
      "-": () => show(zoomed(interval, 2)),
      Escape: () => plot.current?.over.dispatchEvent(new MouseEvent("mouseleave")),
    };
    if (!Object.hasOwn(keys, key)) return;
    event.preventDefault();
    keys[key]?.();
  };
  return (
    <div ref={frame}>
      <div
        ref={place}
        role="slider"
        aria-roledescription="chart"
        aria-label={name}
        aria-valuemin={interval.from}
        aria-valuemax={interval.to}
        aria-valuenow={moment ?? interval.to}
        aria-valuetext={reading}
        aria-keyshortcuts="ArrowLeft ArrowRight Shift+ArrowLeft Shift+ArrowRight + -"
        tabIndex={0}
        className="plot"
        style={{ height: HEIGHT }}
        onKeyDown={onKeyDown}
      />
    </div>
  );
}
