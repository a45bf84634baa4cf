import type uPlot from "uplot";
import { SILENCE } from "../data/gaps.ts";
import type { Interval } from "../data/chart-range.ts";
import type { History } from "../data/samples.ts";

/** What is marked behind the lines of a chart. */
export interface Shade extends Pick<History, "gaps" | "estimated"> {
  readonly marks: readonly Pick<Interval, "from">[];
}

/** Pixels between the lines of a hatching. */
const HATCH = 7;

export const cssColour = (name: string): string =>
  getComputedStyle(document.documentElement).getPropertyValue(name).trim();

/**
 * Marks times in which nothing was recorded, which is not zero: hatched one way where nothing was made, both ways where what was made is
 * lost. Times that are dated by a guess have a dotted edge above, commands a line where they begin.
 */
export function shade(plot: uPlot, { gaps, estimated, marks }: Shade): void {
  const { ctx, bbox } = plot;
  const xOf = (at: number) => plot.valToPos(at / 1_000, "x", true);
  const unit = devicePixelRatio;
  const within = ({ from, to }: Interval, draw: (left: number, width: number) => void) => {
    const left = Math.max(bbox.left, xOf(from));
    const right = Math.min(bbox.left + bbox.width, Math.max(xOf(to), xOf(from) + 2));
    if (right <= left) return;
    ctx.save();
    ctx.beginPath();
    ctx.rect(left, bbox.top, right - left, bbox.height);
    ctx.clip();
    draw(left, right - left);
    ctx.restore();
  };
  const hatch = (left: number, width: number, slope: 1 | -1) => {
    ctx.beginPath();
    for (let x = left - bbox.height; x < left + width + bbox.height; x += HATCH * unit) {
      ctx.moveTo(x, bbox.top);
      ctx.lineTo(x + slope * bbox.height, bbox.top + bbox.height);
    }
    ctx.stroke();
  };
  const [silence, loss, ink, accent] = ["--chart-gap", "--chart-loss", "--chart-ink", "--accent"].map(cssColour);
  for (const gap of gaps)
    within(gap, (left, width) => {
      const isLoss = gap.reason !== SILENCE;
      ctx.fillStyle = ctx.strokeStyle = (isLoss ? loss : silence) ?? "";
      ctx.lineWidth = unit;
      ctx.fillRect(left, bbox.top, width, bbox.height);
      hatch(left, width, 1);
      if (isLoss) hatch(left, width, -1);
    });
  for (const each of estimated)
    within(each, (left, width) => {
      ctx.strokeStyle = ink ?? "";
      ctx.lineWidth = 3 * unit;
      ctx.setLineDash([2 * unit, 4 * unit]);
      ctx.beginPath();
      ctx.moveTo(left, bbox.top + 2 * unit);
      ctx.lineTo(left + width, bbox.top + 2 * unit);
      ctx.stroke();
    });
  for (const { from } of marks)
    within({ from, to: from }, (left) => {
      ctx.fillStyle = accent ?? "";
      ctx.fillRect(left, bbox.top, Math.max(1, unit), bbox.height);
    });
}
