import { MINUTE } from "@edgemere/protocol/kit";
import type { InputOf } from "../../platform/action.ts";
import type { Store } from "../../platform/store.ts";
import { addChainedMinutes } from "./chained-reading.ts";
import { refuseTooMuch, type Asked } from "./cost.ts";
import { valuesOf, type Selected } from "./fleet.ts";
import { endOfGrid, type Grid } from "./grid.ts";
import { Groups, isPercentile, type Group } from "./grouping.ts";
import type { queryTelemetry } from "./query-contract.ts";
import { readSamples } from "./reading.ts";
import type { Source } from "./source.ts";
import { readWindows } from "./window-reading.ts";
import { CARRIED_AT_MOST, Windows } from "./windows.ts";

export type Query = InputOf<typeof queryTelemetry>;

/** The groups of a query, and what was read for them. */
export interface SummedUp {
  readonly groups: readonly Group[];
  readonly samples: number;
  readonly pending: number;
  /** Devices of children that are not in it: of these only minutes are known. */
  readonly leftOut: number;
}

/** What is read for these windows: of a counter also the sample before them. */
export const askedOf = ({ metric, function: what }: Query, grid: Grid): Asked => ({
  metrics: new Set(metric),
  from: grid.from - (what === "rate" ? CARRIED_AT_MOST : 0),
  to: endOfGrid(grid) - 1,
});

interface Place {
  readonly grid: Grid;
  readonly source: Source;
  readonly devices: readonly Selected[];
  readonly store: Store;
  /** What may be read at most. Default: what one query may. */
  readonly most?: Parameters<typeof refuseTooMuch>[2];
}

export const summedUp = (query: Query, place: Place): Promise<SummedUp> =>
  place.source === "samples" ? fromSamples(query, place) : fromWindows(query, place.source, place);

const groupsOf = ({ function: what = "mean", across, by = [] }: Query, grid: Grid) =>
  new Groups(what, { across, by, grid });
const isAsked = ({ instance }: Query) => {
  const instances = instance && new Set(instance);
  return (each: string) => instances?.has(each) !== false;
};

/** Reads one device after the other, so that only sums are held. */
async function fromSamples(query: Query, { grid, devices: all, store, most }: Place): Promise<SummedUp> {
  const { by = [], metric, function: what = "mean" } = query;
  const devices = all.filter(({ child }) => child === undefined);
  const chained = all.filter(({ child }) => child !== undefined);
  const groups = groupsOf(query, grid);
  const isMeant = isAsked(query);
  const windows = new Windows(grid);
  const { from, to } = askedOf(query, grid);
  let samples = 0;
  for (const device of devices) {
    const asked = { from, to, metrics: query.metric, isSketched: isPercentile(what) };
    const read = await readSamples(store, device.id, asked);
    for (const series of read.series) {
      samples += series.at.length;
      refuseTooMuch({ devices: devices.length, samples }, "has read", most);
      if (!isMeant(series.instance)) continue;
      windows.clear();
      windows.addSamples(series);
      if (windows.count.every((count) => count === 0)) continue;
      const group = groups.of(series.metric, valuesOf(by, device, series.instance));
      group.devices.add(device.id);
      group.add(windows, series);
    }
  }
  if (!areOfMinutes(grid)) return { groups: groups.all, samples, pending: 0, leftOut: chained.length };
  await addChainedMinutes(store, groups, chained, {
    metrics: metric,
    by,
    grid,
    isMeant,
    isOfSketches: isPercentile(what),
    count: (windows) => refuseTooMuch({ devices: all.length, samples: (samples += windows) }, "has read", most),
  });
  return { groups: groups.all, samples, pending: 0, leftOut: 0 };
}

/** Whether windows can be made of whole minutes. */
const areOfMinutes = ({ step, begins }: Grid): boolean => (begins ?? [step]).every((each) => each % MINUTE === 0);

/** Reads all devices for one time after the other, as their windows lie. */
async function fromWindows(query: Query, resolution: Exclude<Source, "samples">, place: Place): Promise<SummedUp> {
  const { grid, devices, store, most } = place;
  const { by = [], function: what = "mean" } = query;
  if (isPercentile(what)) throw new Error("windows know no percentiles");
  const groups = groupsOf(query, grid);
  const isMeant = isAsked(query);
  const byId = new Map(devices.map((each) => [each.id, each]));
  const { metrics } = askedOf(query, grid);
  const asked = { resolution, metrics, what, grid };
  let samples = 0;
  const { windows, pending } = await readWindows(store, new Set(byId.keys()), asked, (found) => {
    // What was estimated went by the newest: there may be none of those, and many that are older.
    samples += found.windows.grid.length;
    refuseTooMuch({ devices: devices.length, samples }, "has read", most);
    const device = byId.get(found.device);
    if (device === undefined || !isMeant(found.instance)) return;
    if (!found.windows.overlaps(grid)) return;
    const group = groups.of(found.metric, valuesOf(by, device, found.instance));
    group.devices.add(device.id);
    group.addPart(`${device.id}\u0000${found.instance}`, found.windows);
  });
  return { groups: groups.all, samples: windows, pending, leftOut: 0 };
}
