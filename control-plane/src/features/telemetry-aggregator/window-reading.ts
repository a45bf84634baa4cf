import { HOUR } from "@edgemere/protocol/kit";
import { lastPart } from "../../platform/keys.ts";
import type { Store } from "../../platform/store.ts";
import { endOfGrid, type Grid } from "./grid.ts";
import { readSamples } from "./reading.ts";
import { windowsTelling } from "./window-bytes.ts";
import {
  dirtyHours,
  hourId,
  firstHourId,
  gridOfPeriod,
  hoursUnderWay,
  resolutions,
  windowsKey,
  windowsOfMetric,
  type DirtyHour,
  type Resolution,
} from "./window-tables.ts";
import { CARRIED_AT_MOST, Windows, type Summing } from "./windows.ts";

export interface WindowsAsked {
  readonly resolution: Resolution;
  readonly metrics: ReadonlySet<string>;
  readonly what: Summing;
  /** Its step is a multiple of the resolution's. */
  readonly grid: Grid;
}
/** Called with windows of a series, a part of its time after the other; they are only valid until it returns. */
export type Sink = (found: { device: string; metric: string; instance: string; windows: Windows }) => void;

/** What was read. */
export interface WindowsRead {
  readonly windows: number;
  /** Hours of devices of which samples were left out that are not in the windows yet. */
  readonly pending: number;
}

/** More devices are read in one go with all the others between them. */
const ONE_BY_ONE = 200;
/** Hours of devices that are read from their samples because their windows are not made yet. */
const FRESH_AT_MOST = 500;

/** Windows that were made beforehand and, for the hours that got samples since, windows of the samples: when these are few enough. */
export async function readWindows(
  store: Store,
  devices: ReadonlySet<string>,
  { resolution, metrics, what, grid }: WindowsAsked,
  sink: Sink,
): Promise<WindowsRead> {
  const end = endOfGrid(grid);
  const dirty = await dirtyIn(store, devices, grid.from, end);
  const isFresh = dirty.length <= FRESH_AT_MOST;
  const fresh = new Map<string, Set<number>>();
  if (isFresh) for (const { device, hour } of dirty) fresh.set(device, (fresh.get(device) ?? new Set()).add(hour));
  let read = 0;
  const { period, step } = resolutions[resolution];
  for (let from = Math.floor(grid.from / period) * period; from < end; from += period) {
    const windows = new Windows(gridOfPeriod(resolution, from));
    for (const metric of metrics)
      for await (const [device, value] of entries(store, devices, { resolution, from, metric })) {
        for (const { instance } of windowsTelling(what, value, windows)) {
          for (const hour of fresh.get(device) ?? [])
            if (hour >= from && hour < from + period) forget(windows, (hour - from) / step, HOUR / step);
          read += windows.grid.length;
          sink({ device, metric, instance, windows });
        }
      }
  }
  for (const [device, hours] of fresh)
    for (const hour of hours) {
      const { series } = await readSamples(store, device, {
        metrics: [...metrics],
        from: hour - CARRIED_AT_MOST,
        to: Math.min(hour + HOUR, end) - 1,
      });
      const windows = new Windows({ from: hour, step, length: HOUR / step });
      for (const { metric, instance, ...column } of series) {
        read += column.at.length;
        windows.clear();
        windows.addSamples(column);
        sink({ device, metric, instance, windows });
      }
    }
  return { windows: read, pending: isFresh ? 0 : dirty.length };
}

function forget({ count }: Windows, first: number, length: number): void {
  count.fill(0, first, first + length);
}

/** Hours of devices in a range whose windows do not hold all of their samples yet. */
export async function dirtyIn(store: Store, devices: ReadonlySet<string>, from: number, to: number) {
  const found = new Map<string, DirtyHour>();
  const first = Math.floor(from / HOUR) * HOUR;
  for (const table of [dirtyHours, hoursUnderWay])
    for await (const each of store.scan(table, { from: firstHourId(first) })) {
      if (each.hour >= to) break;
      if (devices.has(each.device)) found.set(hourId(each.hour, each.device), each);
    }
  return [...found.values()];
}

async function* entries(
  store: Store,
  devices: ReadonlySet<string>,
  { resolution, from, metric }: { resolution: Resolution; from: number; metric: string },
): AsyncGenerator<readonly [device: string, bytes: Uint8Array]> {
  if (devices.size <= ONE_BY_ONE) {
    for (const device of devices) {
      const bytes = await store.bytes(windowsKey(resolution, from, metric, device));
      if (bytes !== undefined) yield [device, bytes];
    }
    return;
  }
  for await (const [key, bytes] of store.bytesBetween(windowsOfMetric(resolution, from, metric))) {
    const device = lastPart(key);
    if (devices.has(device)) yield [device, bytes];
  }
}
