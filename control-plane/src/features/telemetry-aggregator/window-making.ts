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
  const from = hour + minute * MINUTE - CARRIED_AT_MOST;
  const { series } = await readSamples(store, device, { from, to: hour + HOUR - 1 });
  const encoder = new ColumnEncoder();
  const day = dayOf(hour);
  const fresh = [...byMetric(series)].flatMap(([metric, all]) => {
    const minutes = all
      .map((each) => ({ instance: each.instance, windows: minutesOf(each, hour, minute) }))
      .filter(({ windows }) => windows.count.some((count) => count > 0));
    return minutes.length === 0 ? [] : [{ metric, minutes }];
  });
  const keysOf = (resolution: Resolution, period: number) =>
    fresh.map(({ metric }) => windowsKey(resolution, period, metric, device));
  const [minutesKeys, hoursKeys] = [keysOf("minutes", hour), keysOf("hours", day)];
  const [minutesBefore, hoursBefore] = await Promise.all([
    store.bytesOf(minute === 0 ? [] : minutesKeys),
    store.bytesOf(hoursKeys),
  ]);
  // Of a metric of which none are kept, be it new or too old, nobody knows the minutes before.
  if (minute > 0 && minutesBefore.includes(undefined)) return madeWindows({ device, hour }, store);
  const made = fresh.map(({ metric, minutes }, place) => {
    const known = minutesBefore[place];
    const isKept = (window: number) => window < minute;
    return { metric, minutes: together(known, gridOfPeriod("minutes", hour), isKept, minutes) };
  });
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

/** Those before the minute `first` are empty. */
export function minutesOf(series: SeriesSamples, hour: number, first = 0): Windows {
  const windows = new Windows(gridOfPeriod("minutes", hour));
  windows.addSamples(series);
  // Looked at for what grew since, and known already.
  for (let window = 0; window < first; window++) windows.empty(window);
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
  const left = together(before, gridOfPeriod("hours", day), (window) => window !== (hour - day) / HOUR, minutes);
  return left.every(({ windows }) => windows.count.every((count) => count === 0))
    ? undefined
    : windowsBytes(encoder, left);
}

/** The windows of a period that are kept of those that were there, with others. Those of the same period are added to, and not copied. */
function together(
  before: Uint8Array | undefined,
  grid: Grid,
  isKept: (window: number) => boolean,
  fresh: readonly OfInstance[],
): readonly OfInstance[] {
  const own = fresh.map(({ instance, windows }) => ({
    instance,
    windows: isSame(windows.grid, grid) ? windows : within(grid, windows),
  }));
  if (before === undefined) return own;
  const all = new Map(own.map(({ instance, windows }) => [instance, windows]));
  for (const { instance, windows } of windowsIn(before, new Windows(grid))) {
    for (let window = 0; window < grid.length; window++) if (!isKept(window)) windows.count[window] = 0;
    const known = all.get(instance) ?? new Windows(grid);
    known.add(windows);
    all.set(instance, known);
  }
  return [...all].map(([instance, windows]) => ({ instance, windows }));
}

const isSame = (one: Grid, other: Grid): boolean => one.from === other.from && one.step === other.step;

function within(grid: Grid, windows: Windows): Windows {
  const longer = new Windows(grid);
  longer.add(windows);
  return longer;
}

export const dayOf = (instant: number): number => Math.floor(instant / DAY) * DAY;
