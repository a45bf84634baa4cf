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
import { instancesIn, windowsBytes, windowsIn } from "./window-bytes.ts";
import { gridOfPeriod } from "./window-tables.ts";
import type { Windows } from "./windows.ts";

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
