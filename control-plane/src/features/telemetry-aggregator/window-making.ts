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
export function madeDirty(device: string, batches: readonly Batch[]): readonly Change[] {
  const hours = new Set<number>();
  for (const { instants } of batches)
    for (const at of Array.from(instants)) for (const changed of [at, at + CARRIED_AT_MOST]) hours.add(hourOf(changed));
  return [...hours].map((hour) => put(dirtyHours, { id: dirtyId(hour, device), device, hour }));
}

/** The windows of a device's hour, made anew of its samples: minutes as they are, and the hour as one of its day. */
export async function madeWindows({ device, hour }: DirtyHour, store: Store): Promise<readonly Change[]> {
  const { series } = await readSamples(store, device, { from: hour - CARRIED_AT_MOST, to: hour + HOUR - 1 });
  const encoder = new ColumnEncoder();
  const changes: Change[] = [];
  for (const [metric, all] of byMetric(series)) {
    const minutes = all
      .map((each) => ({ instance: each.instance, windows: minutesOf(each, hour) }))
      .filter(({ windows }) => windows.count.some((count) => count > 0));
    if (minutes.length === 0) continue;
    const day = Math.floor(hour / DAY) * DAY;
    const hoursKey = windowsKey("hours", day, metric, device);
    const hours = withHour(await store.bytes(hoursKey), day, minutes);
    changes.push(
      putBytes(windowsKey("minutes", hour, metric, device), windowsBytes(encoder, minutes)),
      putBytes(hoursKey, windowsBytes(encoder, hours)),
    );
  }
  return changes;
}

function byMetric(series: readonly SeriesSamples[]): ReadonlyMap<string, SeriesSamples[]> {
  const metrics = new Map<string, SeriesSamples[]>();
  for (const each of series) {
    const known = metrics.get(each.metric);
    if (known === undefined) metrics.set(each.metric, [each]);
    else known.push(each);
  }
  return metrics;
}

function minutesOf(series: SeriesSamples, hour: number): Windows {
  const windows = new Windows(gridOfPeriod("minutes", hour));
  windows.addSamples(series);
  return windows;
}

interface OfInstance {
  readonly instance: string;
  readonly windows: Windows;
}

/** The hours of a day with one of them as its minutes say, the others as they were. */
function withHour(before: Uint8Array | undefined, day: number, minutes: readonly OfInstance[]): readonly OfInstance[] {
  const grid = gridOfPeriod("hours", day);
  const hours = new Map<string, Windows>();
  const ofInstance = (instance: string) => {
    const windows = hours.get(instance) ?? new Windows(grid);
    hours.set(instance, windows);
    return windows;
  };
  const replaced = minutes[0]?.windows.grid.from;
  if (before !== undefined)
    for (const { instance, windows } of windowsIn(before, new Windows(grid))) {
      if (replaced !== undefined) windows.count[(replaced - day) / HOUR] = 0;
      ofInstance(instance).add(windows);
    }
  for (const { instance, windows } of minutes) ofInstance(instance).add(windows);
  return [...hours].map(([instance, windows]) => ({ instance, windows }));
}
