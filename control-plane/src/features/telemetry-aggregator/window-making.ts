import { ColumnEncoder } from "@edgemere/protocol";
import { DAY, HOUR } from "@edgemere/protocol/kit";
import { put, putBytes, type Change } from "../../platform/change.ts";
import type { Store } from "../../platform/store.ts";
import { readSamples, type SeriesSamples } from "./reading.ts";
import { hourOf } from "./tables.ts";
import { windowsBytes, windowsIn } from "./window-bytes.ts";
import { dirtyHours, dirtyId, gridOfPeriod, windowsKey, type DirtyHour } from "./window-tables.ts";
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

export const madeDirty = (device: string, hours: readonly number[]): readonly Change[] =>
  hours.map((hour) => put(dirtyHours, { id: dirtyId(hour, device), device, hour }));

/** Windows of a minute of one hour, of each metric that has samples then. */
export type Minutes = ReadonlyMap<string, readonly OfInstance[]>;

/** The windows of a device's hour, made anew of its samples: minutes as they are, and the hour as one of its day. */
export async function madeWindows(
  { device, hour }: DirtyHour,
  store: Store,
): Promise<{ readonly changes: readonly Change[]; readonly minutes: Minutes }> {
  const { series } = await readSamples(store, device, { from: hour - CARRIED_AT_MOST, to: hour + HOUR - 1 });
  const encoder = new ColumnEncoder();
  const day = dayOf(hour);
  const made = [...byMetric(series)].flatMap(([metric, all]) => {
    const minutes = all
      .map((each) => ({ instance: each.instance, windows: minutesOf(each, hour) }))
      .filter(({ windows }) => windows.count.some((count) => count > 0));
    return minutes.length === 0 ? [] : [{ metric, minutes, hoursKey: windowsKey("hours", day, metric, device) }];
  });
  const before = await store.bytesOf(made.map(({ hoursKey }) => hoursKey));
  const changes = made.flatMap(({ metric, minutes, hoursKey }, place) => [
    putBytes(windowsKey("minutes", hour, metric, device), windowsBytes(encoder, minutes)),
    putBytes(hoursKey, withHour(encoder, before[place], hour, minutes)),
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
  const hours = new Map<string, Windows>();
  const ofInstance = (instance: string) => {
    const windows = hours.get(instance) ?? new Windows(grid);
    hours.set(instance, windows);
    return windows;
  };
  if (before !== undefined)
    for (const { instance, windows } of windowsIn(before, new Windows(grid))) {
      windows.count[(hour - day) / HOUR] = 0;
      ofInstance(instance).add(windows);
    }
  for (const { instance, windows } of minutes) ofInstance(instance).add(windows);
  const left = [...hours].map(([instance, windows]) => ({ instance, windows }));
  return left.every(({ windows }) => windows.count.every((count) => count === 0))
    ? undefined
    : windowsBytes(encoder, left);
}

export const dayOf = (instant: number): number => Math.floor(instant / DAY) * DAY;
