import { ColumnEncoder } from "@edgemere/protocol";
import { DAY, HOUR, MINUTE } from "@edgemere/protocol/kit";
import { put, putBytes, type Change } from "../../platform/change.ts";
import type { Store } from "../../platform/store.ts";
import type { Grid } from "./grid.ts";
import { readSamples, type SeriesSamples } from "./reading.ts";
import { hourOf } from "./tables.ts";
import { windowsBytes, windowsIn } from "./window-bytes.ts";
import { dirtyHours, hourId, gridOfPeriod, windowsKey, type DirtyHour, type Resolution } from "./window-tables.ts";
import { CARRIED_AT_MOST, Windows } from "./windows.ts";

/** Samples of one device at these instants. */
interface Batch {
  readonly instants: ArrayLike<number>;
}

/** The hours whose windows new samples change, also by being the one before the first of a window. */
export function changedHours(
  batches: readonly Batch[],
  { until, hold }: { readonly until: number; readonly hold: number },
): readonly number[] {
  const hours = new Set<number>();
  for (const { instants } of batches)
    for (const at of Array.from(instants)) for (const changed of [at, at + CARRIED_AT_MOST]) hours.add(hourOf(changed));
  // What comes late may stand in rows that are there already.
  const newest = Math.max(...hours);
  for (let hour = newest + HOUR; hour <= Math.min(newest + hold, until); hour += HOUR) hours.add(hour);
  return [...hours];
}

/** `from`: before this instant nothing has changed. */
export const madeDirty = (device: string, hours: readonly number[], from = -Infinity): readonly Change[] =>
  hours.map((hour) => {
    const [id, minute] = [hourId(hour, device), Math.floor((from - hour) / MINUTE)];
    return put(dirtyHours, minute > 0 ? { id: `${id}/${minute}`, device, hour, minute } : { id, device, hour });
  });

/** Windows of a minute of one hour, of each metric that has samples then. */
export type Minutes = ReadonlyMap<string, readonly OfInstance[]>;

/**
 * The windows of a device's hour, made anew of its samples: minutes as they are, and the hour as one of its day. Minutes before the one from
 * which on it is dirty stay as they were, and only metrics are told of that have samples since.
 */
export async function madeWindows(
  { device, hour, minute = 0 }: Omit<DirtyHour, "id">,
  store: Store,
): Promise<{ readonly changes: readonly Change[]; readonly minutes: Minutes }> {
  const from = hour + minute * MINUTE;
  // From where counters grew, the minutes before tell, as far as they are of this hour.
  const carried = minute * MINUTE < CARRIED_AT_MOST ? CARRIED_AT_MOST : 0;
  const { series } = await readSamples(store, device, { from: from - carried, to: hour + HOUR - 1 });
  const fresh = [...byMetric(series)].filter(([, all]) => all.some(({ at }) => (at.at(-1) ?? 0) >= from));
  const encoder = new ColumnEncoder();
  const day = dayOf(hour);
  const keysOf = (resolution: Resolution, period: number) =>
    fresh.map(([metric]) => windowsKey(resolution, period, metric, device));
  const [minutesKeys, hoursKeys] = [keysOf("minutes", hour), keysOf("hours", day)];
  const [minutesBefore, hoursBefore] = await Promise.all([
    store.bytesOf(minute === 0 ? [] : minutesKeys),
    store.bytesOf(hoursKeys),
  ]);
  // Of a metric of which none are kept, be it new or too old, nobody knows the minutes before.
  if (minute > 0 && minutesBefore.includes(undefined)) return madeWindows({ device, hour }, store);
  const made = fresh.map(([metric, all], place) => ({
    metric,
    minutes: minutesAfter(minutesBefore[place], all, hour, minute),
  }));
  const changes = made.flatMap(({ minutes }, place) => [
    putBytes(minutesKeys[place] ?? "", windowsBytes(encoder, minutes)),
    putBytes(hoursKeys[place] ?? "", withHour(encoder, hoursBefore[place], hour, minutes)),
  ]);
  return { changes, minutes: new Map(made.map(({ metric, minutes }) => [metric, minutes])) };
}

export function byMetric(series: readonly SeriesSamples[]): ReadonlyMap<string, SeriesSamples[]> {
  const metrics = new Map<string, SeriesSamples[]>();
  for (const each of series) {
    const known = metrics.get(each.metric);
    if (known === undefined) metrics.set(each.metric, [each]);
    else known.push(each);
  }
  return metrics;
}

/** The minutes of a metric that were there, with those of its samples from the minute `first` on. */
function minutesAfter(
  before: Uint8Array | undefined,
  fresh: readonly SeriesSamples[],
  hour: number,
  first: number,
): readonly OfInstance[] {
  const grid = gridOfPeriod("minutes", hour);
  const all = keptIn(before, grid, (window) => window < first);
  for (const each of fresh) placeOf(all, each.instance, grid).addSamples(each, first);
  return notEmpty(all);
}

export function minutesOf(series: SeriesSamples, hour: number): Windows {
  const windows = new Windows(gridOfPeriod("minutes", hour));
  windows.addSamples(series);
  return windows;
}

interface OfInstance {
  readonly instance: string;
  readonly windows: Windows;
}

/** The hours of a day with one of them as its minutes say, the others as they were; undefined when nothing is left. */
export function withHour(
  encoder: ColumnEncoder,
  before: Uint8Array | undefined,
  hour: number,
  minutes: readonly OfInstance[],
): Uint8Array | undefined {
  const day = dayOf(hour);
  const grid = gridOfPeriod("hours", day);
  const all = keptIn(before, grid, (window) => window !== (hour - day) / HOUR);
  for (const { instance, windows } of minutes) placeOf(all, instance, grid).add(windows);
  const left = notEmpty(all);
  return left.length === 0 ? undefined : windowsBytes(encoder, left);
}

/** By instance. */
function keptIn(before: Uint8Array | undefined, grid: Grid, isKept: (window: number) => boolean): Map<string, Windows> {
  const all = new Map<string, Windows>();
  if (before === undefined) return all;
  for (const { instance, windows } of windowsIn(before, grid)) {
    for (let window = 0; window < grid.length; window++) if (!isKept(window)) windows.empty(window);
    all.set(instance, windows);
  }
  return all;
}

function placeOf(all: Map<string, Windows>, instance: string, grid: Grid): Windows {
  const windows = all.get(instance) ?? new Windows(grid);
  all.set(instance, windows);
  return windows;
}

const notEmpty = (all: ReadonlyMap<string, Windows>): readonly OfInstance[] =>
  [...all]
    .filter(([, windows]) => windows.count.some((count) => count > 0))
    .map(([instance, windows]) => ({ instance, windows }));

export const dayOf = (instant: number): number => Math.floor(instant / DAY) * DAY;
