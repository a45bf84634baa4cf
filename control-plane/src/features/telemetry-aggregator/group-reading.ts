import { HOUR } from "@edgemere/protocol/kit";
import type { Store } from "../../platform/store.ts";
import type { AggregatedDevice } from "./adevice-contract.ts";
import { groupWindowsIn } from "./group-bytes.ts";
import { dirtyGroupHours, groupHoursUnderWay, groupKey } from "./group-tables.ts";
import { beginOfWindow, endOfGrid, type Grid } from "./grid.ts";
import { isPercentile, type Group, type Percentile } from "./grouping.ts";
import { hourOf } from "./tables.ts";
import { dirtyIn } from "./window-reading.ts";
import { firstHourId, gridOfPeriod, resolutions, type Resolution } from "./window-tables.ts";
import type { Summing } from "./windows.ts";

/** Hours whose windows lack what came late that are read from samples instead: of more it is said that they do. */
const STALE_AT_MOST = 6;

/** Which hours of a range the windows of a group can stand for. */
export interface Readable {
  /** Hours to be read from samples, in their order. */
  readonly fromSamples: readonly number[];
  /** Hours of which late samples are not in the windows yet, and are left out. */
  readonly pending: number;
}

interface Asked {
  readonly group: AggregatedDevice;
  readonly metrics: readonly string[];
  readonly grid: Grid;
}

/** Samples are looked for no farther back than they are kept. */
export async function readableHours(
  store: Store,
  devices: ReadonlySet<string>,
  { group, metrics, grid }: Asked,
  { now, retention }: { readonly now: number; readonly retention: number },
): Promise<Readable> {
  const [from, end] = [hourOf(Math.max(grid.from, now - retention)), Math.min(endOfGrid(grid), now + HOUR)];
  const made = await madeHours(store, { group, metrics, grid: { from, step: HOUR, length: hoursBetween(from, end) } });
  const changed = new Set([
    ...(await dirtyIn(store, devices, from, end)).map(({ hour }) => hour),
    ...(await dirtyHoursOf(store, group, from, end)),
  ]);
  const [unmade, stale]: [number[], number[]] = [[], []];
  for (let hour = from; hour < end; hour += HOUR)
    if (!made.has(hour)) unmade.push(hour);
    else if (changed.has(hour)) stale.push(hour);
  if (stale.length > STALE_AT_MOST) return { fromSamples: unmade, pending: stale.length };
  return { fromSamples: [...unmade, ...stale].toSorted((a, b) => a - b), pending: 0 };
}

const hoursBetween = (from: number, end: number): number => Math.max(0, Math.ceil((end - from) / HOUR));

/** The hours of which windows of every metric were made. */
async function madeHours(store: Store, { group, metrics, grid }: Asked): Promise<ReadonlySet<number>> {
  const counts = new Map<number, number>();
  const { period } = resolutions.hours;
  for (let from = Math.floor(grid.from / period) * period; from < endOfGrid(grid); from += period)
    for (const metric of metrics) {
      const bytes = await store.bytes(groupKey(group.name, metric, "hours", from));
      const made = groupWindowsIn(bytes, group.selector, gridOfPeriod("hours", from), false)?.made ?? [];
      for (const [place, isMade] of made.entries())
        if (isMade === 1) counts.set(from + place * HOUR, (counts.get(from + place * HOUR) ?? 0) + 1);
    }
  return new Set([...counts].filter(([, count]) => count === metrics.length).map(([hour]) => hour));
}

async function dirtyHoursOf(store: Store, { name }: AggregatedDevice, from: number, end: number): Promise<number[]> {
  const hours: number[] = [];
  for (const table of [dirtyGroupHours, groupHoursUnderWay])
    for await (const { adevice, hour } of store.scan(table, { from: firstHourId(from) })) {
      if (hour >= end) break;
      if (adevice === name) hours.push(hour);
    }
  return hours;
}

/** Adds the windows of a group to the sums of a query, but for those of some hours. Gives how many it read. */
export async function addGroupWindows(
  store: Store,
  resolution: Resolution,
  { group, metrics, grid }: Asked,
  {
    without,
    what,
    sumsOf,
  }: {
    readonly without: ReadonlySet<number>;
    readonly what: Summing | Percentile;
    readonly sumsOf: (metric: string) => Group;
  },
): Promise<number> {
  const { period } = resolutions[resolution];
  let read = 0;
  for (let from = Math.floor(grid.from / period) * period; from < endOfGrid(grid); from += period)
    for (const metric of metrics) {
      const bytes = await store.bytes(groupKey(group.name, metric, resolution, from));
      const own = gridOfPeriod(resolution, from);
      const found = groupWindowsIn(bytes, group.selector, own, isPercentile(what));
      if (found === undefined) continue;
      read += own.length;
      for (let window = 0; window < own.length; window++)
        if (without.has(hourOf(beginOfWindow(own, window)))) {
          found.windows.empty(window);
          found.sketches[window] = undefined;
          found.devices[window] = 0;
        }
      if (!found.windows.overlaps(grid)) continue;
      const sums = sumsOf(metric);
      sums.addMade(found);
      sums.most = Math.max(sums.most, ...found.devices);
    }
  return read;
}

/** Entries that are looked at to guess what all will cost: the newest. */
const PERIODS = 12;

/** How many windows there are of a group in a range, and in how many bytes, judged by the newest. */
export async function bytesOfGroup(
  store: Store,
  resolution: Resolution,
  { group, metrics, grid }: Asked,
): Promise<{ readonly samples: number; readonly bytes: number }> {
  const { step, period } = resolutions[resolution];
  const newest = Math.floor((endOfGrid(grid) - 1) / period) * period;
  const periods = (newest - Math.floor(grid.from / period) * period) / period + 1;
  const looked = Math.min(periods, PERIODS);
  let bytes = 0;
  for (let place = 0; place < looked; place++)
    for (const metric of metrics)
      bytes += (await store.bytes(groupKey(group.name, metric, resolution, newest - place * period)))?.length ?? 0;
  return { samples: (metrics.length * periods * period) / step, bytes: Math.round((bytes * periods) / looked) };
}
