import uPlot from "uplot";
import type { Interval } from "../data/chart-range.ts";
import { cssColour, shade, type Shade } from "./chart-shading.ts";

const COLOURS = 12;
/** The variable in chart.css that holds the colour of a line. */
export const colourOf = (line: number): string => `--line-${(line % COLOURS) + 1}`;

/** Pixels, about, of a character of an axis, and of what stands beside a label. */
const CHARACTER = 6.8;
const LABEL_MARGIN = 20;

const POWERS_OF_TWO = Array.from({ length: 60 }, (_, power) => 2 ** power);
/** Seconds between two labels from which on they tell the day. */
const DAY = 86_400;

interface Wishes {
  readonly width: number;
  readonly height: number;
  readonly lines: number;
  readonly isUtc: boolean;
  /** Percent: from 0 to 100. */
  readonly isShare: boolean;
  /** Round numbers are powers of two. */
  readonly isBytes: boolean;
  readonly format: (value: number) => string;
  readonly intervalNow: () => Interval;
  readonly shadeNow: () => Shade;
  /** Where the pointer is, milliseconds since 1970; undefined where it is not. */
  readonly onMoment: (at: number | undefined) => void;
  readonly onPlaced: ((plot: Element) => void) | undefined;
}

const timeFormat = (isUtc: boolean, options: Intl.DateTimeFormatOptions) =>
  new Intl.DateTimeFormat(undefined, { ...options, ...(isUtc && { timeZone: "UTC" }) });

export function chartOptions(wishes: Wishes): uPlot.Options {
  const { width, height, lines, isUtc, isShare, isBytes, format, intervalNow, shadeNow, onMoment, onPlaced } = wishes;
  const ink = cssColour("--chart-ink");
  const clock = { hour: "2-digit", minute: "2-digit", hourCycle: "h23" } as const;
  const minutes = timeFormat(isUtc, clock);
  const seconds = timeFormat(isUtc, { ...clock, second: "2-digit" });
  const days = timeFormat(isUtc, { day: "numeric", month: "short" });
  const labels = (times: readonly number[], step: number) =>
    times.map((each) => {
      const text = (step < 60 ? seconds : minutes).format(each * 1_000);
      // A new day is told where it begins.
      return step >= DAY || text === "00:00" ? days.format(each * 1_000) : text;
    });
  const grid = { stroke: cssColour("--chart-grid"), width: 1 };
  return {
    width,
    height,
    legend: { show: false },
    // On the right there is room for half a time.
    padding: [8, 28, 0, 0],
    cursor: {
      drag: { x: false, y: false, setScale: false },
      sync: { key: "charts", scales: ["x", null] },
      points: { show: false },
      // What a mouse button means is said in chart-gestures.ts.
      bind: { mousedown: () => null, mouseup: () => null, dblclick: () => null },
    },
    tzDate: (seconds) => (isUtc ? uPlot.tzDate(new Date(seconds * 1_000), "Etc/UTC") : new Date(seconds * 1_000)),
    scales: {
      x: { time: true, range: () => [intervalNow().from / 1_000, intervalNow().to / 1_000] },
      y: {
        range: (_, low, high) =>
          isShare ? [0, Math.max(100, high ?? 100)] : [Math.min(0, low ?? 0), Math.max((high ?? 1) * 1.1, 0.001)],
      },
    },
    axes: [
      {
        stroke: ink,
        grid,
        ticks: grid,
        size: 30,
        space: 60,
        values: (_, times, _axis, _space, step) => labels(times, step),
      },
      {
        stroke: ink,
        grid,
        ticks: grid,
        // As wide as the longest label.
        size: (_, labels) => LABEL_MARGIN + CHARACTER * Math.max(5, ...(labels ?? []).map((label) => label.length)),
        values: (_, values) => values.map(format),
        ...(isBytes && { incrs: POWERS_OF_TWO }),
      },
    ],
    series: [
      {},
      ...Array.from({ length: lines }, (_, line) => ({
        stroke: cssColour(colourOf(line)),
        width: 1.5,
        spanGaps: false,
        points: { show: false },
      })),
    ],
    hooks: {
      drawClear: [(plot) => shade(plot, shadeNow())],
      draw: [(plot) => onPlaced?.(plot.over)],
      setCursor: [
        (plot) => {
          const { left = -1 } = plot.cursor;
          onMoment(left < 0 ? undefined : plot.posToVal(left, "x") * 1_000);
        },
      ],
    },
  };
}
