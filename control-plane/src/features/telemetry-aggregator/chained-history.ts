import { HOUR } from "@edgemere/protocol/kit";
import type { Store } from "../../platform/store.ts";
import { byName } from "./chunks.ts";
import { chainedHours, type ChainedDevice } from "./chain-tables.ts";
import type { Grid } from "./grid.ts";
import { SAMPLES_AT_MOST, tooLarge } from "./reading.ts";
import { joined, silences } from "./silence.ts";
import { hourOf } from "./tables.ts";
import { windowsIn } from "./window-bytes.ts";
import { gridOfPeriod, hourId, resolutions, windowsKey, type Resolution } from "./window-tables.ts";
import { Windows } from "./windows.ts";

/** Of which the minutes of one series are as much as one question may hold. */
const HOURS_AT_MOST = SAMPLES_AT_MOST / 60;

interface Wanted {
  /** Instants, both included. */
  readonly from: number;
  readonly to: number;
  readonly metrics: readonly string[] | undefined;
  /** Points of each series at most. */
  readonly points: number;
  readonly extremes: boolean | undefined;
  readonly resolution: Resolution;
  /** Since when minutes are kept. */
  readonly minutesFrom: number;
  /** Of what is later nothing is known. */
  readonly knownUpTo: number | undefined;
}

/**
 * What a child handed up of a device, as its history: each point is the last sample of a window, or of several where they are more than are
 * wanted. Throws Problem too-large where that would be more than one question may hold.
 */
export async function historyOfChained(store: Store, device: ChainedDevice, wanted: Wanted) {
  const { from, to, extremes, knownUpTo } = wanted;
  // All of it may be longer ago than anything is kept.
  if (from > to) return { series: [], gaps: [] };
  const hours = await hoursOf(store, device, wanted);
  const metrics = wanted.metrics ?? [...new Set(hours.flatMap((each) => each.metrics))];
  const grid = gridOfPoints(wanted);
  const instants = new Set<number>();
  const series = [];
  let size = 0;
  for (const metric of new Set(metrics)) {
    const found = new Map<string, Windows>();
    for await (const { instance, windows } of windowsOf(store, device, metric, wanted)) {
      size += windows.grid.length;
      if (!found.has(instance)) size += grid.length;
      if (size > SAMPLES_AT_MOST) throw tooLarge();
      const own = found.get(instance) ?? new Windows(grid);
      own.add(windows);
      found.set(instance, own);
      for (const [place, at] of windows.lastAt.entries()) if (windows.count[place] !== 0) instants.add(at);
    }
    for (const [instance, windows] of found) {
      const points = pointsOf(windows, { from, to, extremes });
      if (points.at.length > 0) series.push({ metric, instance, ...points });
    }
  }
  const spans = [...instants].filter((at) => at >= from && at <= to).map((at) => ({ from: at, to: at, rows: 1 }));
  const gaps = hours
    .flatMap((each) => each.gaps)
    .filter((gap) => gap.to >= from && gap.from <= to)
    .map(({ from, to, records, reason }) => ({ from, to, records, reason }));
  // When it was enrolled is not told: before its first sample nobody here expects anything.
  const first = spans.reduce((least, span) => Math.min(least, span.from), Infinity);
  const expected = { from: first, to: Math.min(to, knownUpTo ?? first) };
  const silent = spans.length === 0 ? [] : silences(spans, expected, joined(gaps));
  return {
    series: series.toSorted(byName),
    gaps: [...gaps, ...silent.map((each) => ({ ...each, records: 0, reason: "silence" }))].sort(
      (a, b) => a.from - b.from,
    ),
  };
}

/** Steps of whole windows, no more of them than points are wanted. */
function gridOfPoints({ from, to, points, resolution }: Wanted): Grid {
  const { step: window } = resolutions[resolution];
  const step = window * Math.max(1, Math.ceil((to - from + 1) / window / points));
  const begin = Math.floor(from / step) * step;
  return { from: begin, step, length: Math.floor((to - begin) / step) + 1 };
}

/** What is known of its hours in the range, and of its newest: of those that are longer ago it is forgotten. */
async function hoursOf(store: Store, { id, newestHour }: ChainedDevice, { from, to, minutesFrom }: Wanted) {
  const hours = new Set([newestHour]);
  const [first, last] = [hourOf(Math.max(from, minutesFrom)), Math.min(to, newestHour)];
  if (last - first > HOURS_AT_MOST * HOUR) throw tooLarge();
  for (let hour = first; hour <= last; hour += HOUR) hours.add(hour);
  const found = await Promise.all([...hours].map((hour) => store.get(chainedHours, hourId(hour, id))));
  return found.filter((each) => each !== undefined);
}

async function* windowsOf(
  store: Store,
  { id, newestHour }: ChainedDevice,
  metric: string,
  { from, to, resolution }: Wanted,
) {
  const { period } = resolutions[resolution];
  for (let begin = Math.floor(from / period) * period; begin <= Math.min(to, newestHour); begin += period) {
    const bytes = await store.bytes(windowsKey(resolution, begin, metric, id));
    if (bytes !== undefined) yield* windowsIn(bytes, gridOfPeriod(resolution, begin));
  }
}

function pointsOf(
  { count, last, lastAt, min, max }: Windows,
  { from, to, extremes = false }: Pick<Wanted, "from" | "to" | "extremes">,
) {
  const places = [...count.keys()].filter((place) => {
    const at = lastAt[place] as number;
    return count[place] !== 0 && at >= from && at <= to;
  });
  const of = (column: Float64Array) => places.map((place) => column[place] as number);
  return { at: of(lastAt), value: of(last), ...(extremes && { low: of(min), high: of(max) }) };
}
