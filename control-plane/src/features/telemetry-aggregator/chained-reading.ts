import type { Sketch } from "@edgemere/protocol";
import { HOUR } from "@edgemere/protocol/kit";
import type { Store } from "../../platform/store.ts";
import { sketchesOf, type Minutes } from "./chain-bytes.ts";
import { chainedHours, sketchesKey } from "./chain-tables.ts";
import { valuesOf, type Selected } from "./fleet.ts";
import { emptyGroupWindows } from "./group-bytes.ts";
import { beginOfWindow, endOfGrid, windowAt, type Grid } from "./grid.ts";
import type { Groups } from "./grouping.ts";
import type { NewestValue } from "./newest.ts";
import { hourOf } from "./tables.ts";
import { windowsIn } from "./window-bytes.ts";
import { gridOfPeriod, hourId, windowsKey } from "./window-tables.ts";

/** The minutes of an hour of a metric of a chained device, instance by instance, with sketches. */
export async function chainedMinutes(
  store: Store,
  device: string,
  metric: string,
  hour: number,
): Promise<readonly Minutes[]> {
  const [windows, sketches] = await store.bytesOf([
    windowsKey("minutes", hour, metric, device),
    sketchesKey(hour, metric, device),
  ]);
  if (windows === undefined || sketches === undefined) return [];
  const grid = gridOfPeriod("minutes", hour);
  const ofInstance = new Map([...sketchesOf(sketches, grid.length)].map((each) => [each.instance, each.sketches]));
  return Array.from(windowsIn(windows, grid), (each) => ({ ...each, sketches: ofInstance.get(each.instance) ?? [] }));
}

/** Sketches of the minutes that lie in a grid. */
export function sketchesWithin({ windows, sketches }: Minutes, grid: Grid): readonly Sketch[] {
  const within = (minute: number) => {
    const window = windowAt(grid, beginOfWindow(windows.grid, minute));
    return window >= 0 && window < grid.length;
  };
  return sketches.filter((sketch, minute): sketch is Sketch => sketch !== undefined && within(minute));
}

interface Asked {
  readonly metrics: readonly string[];
  readonly by: readonly string[];
  readonly grid: Grid;
  readonly isMeant: (instance: string) => boolean;
  /** Whether the sketches tell what is asked, and not the windows. */
  readonly isOfSketches: boolean;
  /** Called with the windows that were read, before the next. */
  readonly count: (windows: number) => void;
}

/** Adds minutes of chained devices to groups: where other devices are read by their samples. */
export async function addChainedMinutes(
  store: Store,
  groups: Groups,
  devices: readonly Selected[],
  { metrics, by, grid, isMeant, isOfSketches, count }: Asked,
): Promise<void> {
  for (let hour = hourOf(grid.from); hour < endOfGrid(grid); hour += HOUR)
    for (const device of devices)
      for (const metric of metrics)
        for (const { instance, windows, sketches } of await chainedMinutes(store, device.id, metric, hour)) {
          count(windows.grid.length);
          if (!isMeant(instance) || !windows.overlaps(grid)) continue;
          const group = groups.of(metric, valuesOf(by, device, instance));
          group.devices.add(device.id);
          if (isOfSketches) group.addMade({ ...emptyGroupWindows(windows.grid), windows, sketches: [...sketches] });
          else group.addPart(`${device.id}\u0000${instance}`, windows);
        }
}

/** The newest values of the metrics that are named, of a chained device: the last of its newest minutes. */
export async function newestOfChained(
  store: Store,
  device: string,
  now: number,
  isNamed: (metric: string) => boolean,
): Promise<readonly NewestValue[]> {
  const newest = new Map<string, NewestValue>();
  for (const hour of [hourOf(now) - HOUR, hourOf(now)]) {
    const known = await store.get(chainedHours, hourId(hour, device));
    for (const metric of (known?.metrics ?? []).filter((each) => isNamed(each)))
      for (const { instance, windows } of await chainedMinutes(store, device, metric, hour)) {
        const minute = windows.count.findLastIndex((count) => count > 0);
        if (minute === -1) continue;
        const [at, value] = [windows.lastAt[minute] as number, windows.last[minute] as number];
        newest.set(`${metric}\u0000${instance}`, { metric, instance, at, value });
      }
  }
  return [...newest.values()];
}
