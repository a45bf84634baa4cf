import { limits } from "@edgemere/protocol";
import { MINUTE } from "@edgemere/protocol/kit";
import type { Minutes } from "./chain-bytes.ts";
import { endOfGrid } from "./grid.ts";
import { CARRIED_AT_MOST, type Windows } from "./windows.ts";

const METRIC_NAME = /^[A-Za-z][\w.-]{0,255}$/;
const INSTANCE_AT_MOST = 256;
/** Of two sums of the same numbers in another order. */
const ROUNDING = 1e-6;
/** So far ahead may another clock be. */
export const AHEAD_AT_MOST = 5 * MINUTE;

/** What no samples can have made; undefined where there is nothing of the kind. */
export function flawOf(
  metrics: ReadonlyMap<string, readonly Minutes[]>,
  now: number,
): "inconsistent" | "future" | undefined {
  for (const [metric, instances] of metrics) {
    if (!METRIC_NAME.test(metric) || new Set(instances.map(({ instance }) => instance)).size < instances.length)
      return "inconsistent";
    for (const each of instances) {
      const flaw = flawOfInstance(each, now);
      if (flaw !== undefined) return flaw;
    }
  }
  return undefined;
}

function flawOfInstance({ instance, windows, sketches }: Minutes, now: number): "inconsistent" | "future" | undefined {
  if (instance.length > INSTANCE_AT_MOST) return "inconsistent";
  const { grid, count } = windows;
  if (
    endOfGrid(grid) > now &&
    count.some((each, window) => each !== 0 && grid.from + window * grid.step > now + AHEAD_AT_MOST)
  )
    return "future";
  return count.every((_, window) => isPossible(windows, window, sketches[window]?.count ?? 0))
    ? undefined
    : "inconsistent";
}

/** Whether there can be samples of which this window tells. */
function isPossible(windows: Windows, window: number, sketched: number): boolean {
  const of = (column: Float64Array) => column[window] as number;
  const count = of(windows.count);
  if (count === 0) return sketched === 0;
  const [sum, min, max, last] = [of(windows.sum), of(windows.min), of(windows.max), of(windows.last)];
  const [lastAt, increase, over] = [of(windows.lastAt), of(windows.increase), of(windows.over)];
  const begin = windows.grid.from + window * windows.grid.step;
  const slack = ROUNDING * Math.max(Math.abs(min), Math.abs(max));
  const mean = sum / count;
  const isTooMuch = !Number.isNaN(sum) && !Number.isFinite(count * Math.max(Math.abs(min), Math.abs(max)));
  return (
    Number.isInteger(count) &&
    count > 0 &&
    count <= limits.telemetrySamples &&
    sketched === count &&
    Number.isFinite(min) &&
    Number.isFinite(max) &&
    min <= last &&
    last <= max &&
    (Number.isFinite(sum) ? mean >= min - slack && mean <= max + slack : isTooMuch) &&
    lastAt >= begin &&
    lastAt < begin + windows.grid.step &&
    !Number.isNaN(increase) &&
    over >= 0 &&
    over <= count * CARRIED_AT_MOST
  );
}
