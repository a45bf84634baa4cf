import uPlot from "uplot";
import { SILENCE } from "../data/gaps.ts";
import type { History } from "../data/samples.ts";

/** Told apart also by those who see few colours, on light and on dark. */
const LINE_COLOURS = [
  "#1c7ed6",
  "#e8590c",
  "#2b8a3e",
  "#ae3ec9",
  "#b08800",
  "#0c8599",
  "#e03131",
  "#5f3dc4",
  "#66a80f",
  "#c2255c",
  "#868e96",
  "#4263eb",
] as const;
export const colourOf = (line: number): string => LINE_COLOURS[line % LINE_COLOURS.length] ?? LINE_COLOURS[0];

/** Pixels, about, of a character of an axis, and of what stands beside a label. */
const CHARACTER = 6.8;
const LABEL_MARGIN = 20;

const POWERS_OF_TWO = Array.from({ length: 60 }, (_, power) => 2 ** power);

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
  readonly rangeNow: () => Pick<History, "from" | "to" | "gaps">;
  /** Where the pointer is: the nearest sample, and the moment itself in milliseconds. */
  readonly onPoint: (point: Point | undefined) => void;
}

export interface Point {
  readonly place: number;
  readonly at: number;
}

const colour = (name: string) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();

const timeFormat = (isUtc: boolean, more: Intl.DateTimeFormatOptions = {}) =>
  new Intl.DateTimeFormat(undefined, {
    hour: "2-digit",
    minute: "2-digit",
    hourCycle: "h23",
    ...more,
    ...(isUtc && { timeZone: "UTC" }),
  });

export function chartOptions(wishes: Wishes): uPlot.Options {
  const { width, height, lines, isUtc, isShare, isBytes, format, rangeNow, onPoint } = wishes;
  const ink = colour("--chart-ink");
  const minutes = timeFormat(isUtc);
  const seconds = timeFormat(isUtc, { second: "2-digit" });
  const grid = { stroke: colour("--chart-grid"), width: 1 };
  return {
    width,
    height,
    legend: { show: false },
    // On the right there is room for half a time.
    padding: [8, 20, 0, 0],
    cursor: { drag: { x: false, y: false }, sync: { key: "device-charts" }, points: { size: 6 } },
    tzDate: (seconds) => (isUtc ? uPlot.tzDate(new Date(seconds * 1_000), "Etc/UTC") : new Date(seconds * 1_000)),
    scales: {
      x: { time: true, range: () => [rangeNow().from / 1_000, rangeNow().to / 1_000] },
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
        values: (_, times, _axis, _space, step) =>
          times.map((each) => (step < 60 ? seconds : minutes).format(each * 1_000)),
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
        stroke: colourOf(line),
        width: 1.5,
        spanGaps: false,
        points: { show: false },
      })),
    ],
    hooks: {
      drawClear: [(plot) => shadeGaps(plot, rangeNow().gaps)],
      setCursor: [
        (plot) => {
          const { idx, left = -1 } = plot.cursor;
          onPoint(typeof idx === "number" ? { place: idx, at: plot.posToVal(left, "x") * 1_000 } : undefined);
        },
      ],
    },
  };
}

/** Times without samples are shaded: nothing was recorded, which is not zero. Red: what was made is lost. */
function shadeGaps(plot: uPlot, gaps: History["gaps"]): void {
  const { ctx, bbox } = plot;
  ctx.save();
  ctx.beginPath();
  ctx.rect(bbox.left, bbox.top, bbox.width, bbox.height);
  ctx.clip();
  const [silence, loss] = [colour("--chart-gap"), colour("--chart-loss")];
  for (const { from, to, reason } of gaps) {
    ctx.fillStyle = reason === SILENCE ? silence : loss;
    const left = plot.valToPos(from / 1_000, "x", true);
    ctx.fillRect(left, bbox.top, Math.max(2, plot.valToPos(to / 1_000, "x", true) - left), bbox.height);
  }
  ctx.restore();
}
