import {
  type ColumnEncoder,
  decodeColumn,
  isSketch,
  limits,
  SKETCH_BLOCKS,
  sketchBlocks,
  type Sketches,
  sketchesIn,
} from "@edgemere/protocol";
import { HOUR, MINUTE } from "@edgemere/protocol/kit";
import { framed, unframed } from "./frame.ts";
import { endOfGrid } from "./grid.ts";
import { instancesIn, windowsBytes, windowsIn } from "./window-bytes.ts";
import { gridOfPeriod } from "./window-tables.ts";
import { CARRIED_AT_MOST, type Windows } from "./windows.ts";

/** The minutes of one hour of a metric: windows of its instances, and sketches of their samples. Both as they are stored and as they are on the way. */
export interface MetricHour {
  readonly metric: string;
  readonly windows: Uint8Array;
  readonly sketches: Uint8Array;
}

/** One instance of a metric. */
export interface Minutes {
  readonly instance: string;
  readonly windows: Windows;
  readonly sketches: Sketches;
}

const encoder = new TextEncoder();
const decoder = new TextDecoder();

export function metricHour(columns: ColumnEncoder, metric: string, instances: readonly Minutes[]): MetricHour {
  return {
    metric,
    windows: windowsBytes(columns, instances),
    sketches: framed(
      instances.flatMap(({ instance, sketches }) => [encoder.encode(instance), ...sketchBlocks(columns, sketches)]),
    ),
  };
}

/** The sketches of each instance, window by window of an hour's minutes. */
export function* sketchesOf(bytes: Uint8Array, length: number): Generator<Pick<Minutes, "instance" | "sketches">> {
  const blocks = unframed(bytes);
  for (let place = 0; place < blocks.length; place += 1 + SKETCH_BLOCKS)
    yield {
      instance: decoder.decode(blocks[place]),
      sketches: sketchesIn(blocks.slice(place + 1, place + 1 + SKETCH_BLOCKS), length),
    };
}

export const hourBytes = (metrics: readonly MetricHour[]): Uint8Array =>
  framed(metrics.flatMap(({ metric, windows, sketches }) => [encoder.encode(metric), windows, sketches]));

/** Throws where they are none. What they hold is still to be looked at. */
export function metricsIn(bytes: Uint8Array): readonly MetricHour[] {
  if (bytes.length === 0) return [];
  const blocks = unframed(bytes);
  return Array.from({ length: Math.ceil(blocks.length / 3) }, (_, place) => {
    const [name, windows, sketches] = blocks.slice(3 * place, 3 * place + 3);
    if (name === undefined || windows === undefined || sketches === undefined) throw new Error("a metric is cut off");
    // Views of a message that goes: what is stored must not hold all of it.
    return { metric: decoder.decode(name), windows: Uint8Array.from(windows), sketches: Uint8Array.from(sketches) };
  });
}

/** Buckets that the sketches of an hour have at most: many more than samples of hosts make in the bytes that an hour may take. */
const BUCKETS_OF_HOUR = 200_000;

/** What would take too much memory to be read, by what the bytes themselves say of it. Throws where they are none of windows. */
export function excessOf(metrics: readonly MetricHour[]): "too-many-series" | "too-large" | undefined {
  let [series, buckets] = [0, 0];
  for (const { windows, sketches } of metrics) {
    series += instancesIn(windows);
    const blocks = unframed(sketches);
    for (let place = 1; place < blocks.length; place += 1 + SKETCH_BLOCKS)
      for (const size of decodeColumn(blocks[place] ?? new Uint8Array(), HOUR / MINUTE)) buckets += Math.abs(size);
    if (series > limits.telemetrySeries) return "too-many-series";
    if (!(buckets <= BUCKETS_OF_HOUR)) return "too-large";
  }
  return undefined;
}

const METRIC_NAME = /^[A-Za-z][\w.-]{0,255}$/;
const INSTANCE_AT_MOST = 256;
/** Of two sums of the same numbers in another order. */
const ROUNDING = 1e-6;
/** So far ahead may another clock be. */
export const AHEAD_AT_MOST = 5 * MINUTE;

/** The windows of somebody else's, each looked at. Throws where bytes are none of windows. */
export function readMetric({ windows, sketches }: MetricHour, hour: number): readonly Minutes[] {
  const grid = gridOfPeriod("minutes", hour);
  const found: Minutes[] = [];
  const ofInstance = new Map([...sketchesOf(sketches, grid.length)].map((each) => [each.instance, each.sketches]));
  for (const each of windowsIn(windows, grid)) found.push({ ...each, sketches: ofInstance.get(each.instance) ?? [] });
  for (const { sketches: all } of found)
    for (const each of all) if (each && !isSketch(each)) throw new Error("a sketch counts what cannot be");
  if (ofInstance.size !== found.length) throw new Error("windows and sketches are of other instances");
  return found;
}

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
