import { Sketch } from "@edgemere/protocol";
import { device } from "../devices/contract.ts";
import type { AggregatedDevice, Stats } from "./adevice-contract.ts";
import { viewOf } from "../devices/selector-contract.ts";
import { countedDevices, hostOf } from "./chained-devices.ts";
import { chainedMinutes, sketchesWithin } from "./chained-reading.ts";
import type { TelemetryContext } from "./context.ts";
import { matcherOf } from "./fleet.ts";
import { endOfGrid, steps, type Grid } from "./grid.ts";
import { readSamples } from "./reading.ts";
import { addSample, percentileOf } from "./sketched.ts";
import { hourOf } from "./tables.ts";
import { Windows } from "./windows.ts";

/** The newest whole five minutes that end before an instant, unless they were told already; what was missed is not told later. */
export function dueStats({ state, metrics, stats, createdAt }: AggregatedDevice, before: number): Grid | undefined {
  const step = steps["5m"];
  const end = Math.floor(before / step) * step;
  const isDue = state === "enabled" && metrics.length > 0 && end > (stats?.to ?? createdAt);
  return isDue ? { from: end - step, step, length: 1 } : undefined;
}

/** What all samples of the devices were in one window, metric by metric; a metric without any is left out. */
export async function statsOf(
  { selector, metrics }: AggregatedDevice,
  grid: Grid,
  { store }: Pick<TelemetryContext, "store">,
): Promise<Stats> {
  const found = metrics.map((metric) => ({
    metric,
    devices: new Set(),
    windows: new Windows(grid),
    sketch: new Sketch(),
  }));
  const ofMetric = new Map(found.map((each) => [each.metric, each]));
  const to = endOfGrid(grid);
  const isMember = matcherOf(selector);
  const hosts = new Set<string>();
  for await (const row of store.scan(device)) {
    hosts.add(hostOf(row));
    if (!isMember(viewOf(row))) continue;
    const { id } = row;
    const { series } = await readSamples(store, id, { metrics, from: grid.from, to: to - 1, isSketched: true });
    for (const column of series) {
      const known = ofMetric.get(column.metric);
      if (known === undefined) continue;
      known.devices.add(id);
      known.windows.addSamples(column);
      for (const row_ of column.at.keys()) addSample(known.sketch, column, row_);
    }
  }
  for await (const { row, view } of countedDevices(store, hosts)) {
    if (!isMember(view)) continue;
    for (const { metric, devices, windows, sketch } of found)
      for (const minutes of await chainedMinutes(store, row.id, metric, hourOf(grid.from))) {
        if (!minutes.windows.overlaps(grid)) continue;
        devices.add(row.id);
        windows.add(minutes.windows);
        for (const each of sketchesWithin(minutes, grid)) sketch.merge(each);
      }
  }
  return {
    from: grid.from,
    to,
    metrics: found
      // Of absurd numbers the sum is more than a number can be.
      .filter(({ windows }) => Number.isFinite(windows.overall("mean")))
      .map(({ metric, devices, windows, sketch }) => {
        const all = { count: windows.overall("count"), min: windows.overall("min"), max: windows.overall("max") };
        return {
          metric,
          devices: devices.size,
          ...all,
          mean: windows.overall("mean"),
          p50: percentileOf(sketch, 0.5, all),
          p95: percentileOf(sketch, 0.95, all),
        };
      }),
  };
}
