import { HOUR, MINUTE } from "@edgemere/protocol/kit";
import type { Caller } from "../../platform/caller.ts";
import { resolve } from "../../platform/reference.ts";
import { aggregatedDevice, type AggregatedDevice } from "./adevice-contract.ts";
import type { TelemetryContext } from "./context.ts";
import { addChainedMinutes } from "./chained-reading.ts";
import { estimatedCost, type Cost } from "./cost.ts";
import type { Selected } from "./fleet.ts";
import { addGroupWindows, bytesOfGroup, readableHours, type Readable } from "./group-reading.ts";
import { endOfGrid, type Grid } from "./grid.ts";
import { Groups, isPercentile } from "./grouping.ts";
import { queryTelemetry } from "./query-contract.ts";
import { readSamples } from "./reading.ts";
import { groupResolution, isOfWholeGroup } from "./source.ts";
import type { Query, SummedUp } from "./summing-up.ts";
import type { Resolution } from "./window-tables.ts";
import { Windows } from "./windows.ts";

/** Where windows tell what is asked, more hours than these are cheaper read from the windows of each device than from samples. */
const HOURS_FROM_SAMPLES = 3;

/** A query that the windows of an aggregated device answer, with samples of the hours that have none yet. */
interface OfGroup {
  readonly group: AggregatedDevice;
  readonly resolution: Resolution;
  readonly readable: Readable;
}

/** Undefined when the query is of something else, or the caller may not know of all devices that are in these windows. */
export async function ofGroup(
  query: Query,
  grid: Grid,
  devices: readonly Selected[],
  { store, clock, scopes, telemetry }: TelemetryContext,
  caller: Caller,
): Promise<OfGroup | undefined> {
  const { adevice, changes = false, metric, function: what = "mean" } = query;
  const isEverywhere = scopes.reachOf(caller, queryTelemetry.permission).isEverywhere;
  if (adevice === undefined || changes || !isEverywhere) return undefined;
  const group = await resolve(store, aggregatedDevice, adevice);
  const at = { now: clock.now(), windows: telemetry.windows, retention: telemetry.retention };
  const resolution = isOfWholeGroup(query, group) ? groupResolution(grid, at) : undefined;
  if (resolution === undefined) return undefined;
  const ids = new Set(devices.map(({ id }) => id));
  const readable = await readableHours(store, ids, { group, metrics: metric, grid }, at);
  if (!isPercentile(what) && readable.fromSamples.length > HOURS_FROM_SAMPLES) return undefined;
  return { group, resolution, readable };
}

interface Place {
  readonly grid: Grid;
  readonly devices: readonly Selected[];
}

/** What reading it will cost at most, judged by a few devices and the newest windows. */
export async function costOfGroup(
  { metric }: Query,
  { group, resolution, readable }: OfGroup,
  { grid, devices }: Place,
  { store }: TelemetryContext,
): Promise<Cost> {
  const ids = devices.map(({ id }) => id);
  let { samples, bytes } = await bytesOfGroup(store, resolution, { group, metrics: metric, grid });
  for (const { from, to } of rangesOf(readable, grid)) {
    const cost = await estimatedCost("samples", store, ids, { metrics: new Set(metric), from, to });
    samples += cost.samples;
    bytes += cost.bytes;
  }
  return { devices: ids.length, samples, bytes };
}

export async function summedUpOfGroup(
  { metric, function: what = "mean" }: Query,
  { group, resolution, readable }: OfGroup,
  { grid, devices }: Place,
  { store }: TelemetryContext,
): Promise<SummedUp> {
  const groups = new Groups(what, { across: undefined, by: [], grid });
  const sumsOf = (each: string) => groups.of(each, []);
  const asked = { group, metrics: metric, grid };
  const without = new Set(readable.fromSamples);
  let samples = await addGroupWindows(store, resolution, asked, { without, what, sumsOf });
  const windows = new Windows(grid);
  const direct = devices.filter(({ child }) => child === undefined);
  const chained = devices.filter(({ child }) => child !== undefined);
  for (const range of rangesOf(readable, grid)) {
    for (const { id } of direct) {
      const { series } = await readSamples(store, id, { ...range, metrics: metric, isSketched: isPercentile(what) });
      for (const column of series) {
        samples += column.at.length;
        windows.clear();
        windows.addSamples(column);
        const sums = sumsOf(column.metric);
        sums.devices.add(id);
        sums.add(windows, column);
      }
    }
    // The windows of a group are of whole hours, and so are the minutes that stand for them.
    await addChainedMinutes(store, groups, chained, {
      metrics: metric,
      by: [],
      isMeant: () => true,
      isOfSketches: isPercentile(what),
      grid: { from: range.from, step: MINUTE, length: Math.ceil((range.to + 1 - range.from) / MINUTE) },
      count: (read) => (samples += read),
    });
  }
  return { groups: groups.all, samples, pending: readable.pending, leftOut: 0 };
}

/** Hours that follow each other as one range, its end included, within the grid. */
function rangesOf({ fromSamples }: Readable, grid: Grid): readonly { readonly from: number; readonly to: number }[] {
  const ranges: { from: number; to: number }[] = [];
  for (const hour of fromSamples) {
    const last = ranges.at(-1);
    if (last !== undefined && last.to === hour - 1) last.to = hour + HOUR - 1;
    else ranges.push({ from: hour, to: hour + HOUR - 1 });
  }
  return ranges
    .map(({ from, to }) => ({ from: Math.max(from, grid.from), to: Math.min(to, endOfGrid(grid) - 1) }))
    .filter(({ from, to }) => from <= to);
}
