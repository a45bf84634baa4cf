import { device } from "../devices/contract.ts";
import type { AggregatedDevice } from "./adevice-contract.ts";
import type { TelemetryContext } from "./context.ts";
import { matcherOf } from "./fleet.ts";
import { endOfGrid, steps, type Grid } from "./grid.ts";
import { readSamples } from "./reading.ts";
import { Sketch } from "./sketch.ts";
import { Windows } from "./windows.ts";

type Stats = NonNullable<AggregatedDevice["stats"]>;

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
  for await (const row of store.scan(device)) {
    if (!isMember(row)) continue;
    const { id } = row;
    const { series } = await readSamples(store, id, { metrics, from: grid.from, to: to - 1 });
    for (const { metric, at, values } of series) {
      const known = ofMetric.get(metric);
      known?.devices.add(id);
      known?.windows.addSamples({ at, values });
      for (const value of values) known?.sketch.add(value);
    }
  }
  return {
    from: grid.from,
    to,
    metrics: found
      // Of absurd numbers the sum is more than a number can be.
      .filter(({ windows }) => Number.isFinite(windows.overall("mean")))
      .map(({ metric, devices, windows, sketch }) => ({
        metric,
        devices: devices.size,
        count: windows.overall("count"),
        min: windows.overall("min"),
        max: windows.overall("max"),
        mean: windows.overall("mean"),
        p50: sketch.quantile(0.5),
        p95: sketch.quantile(0.95),
      })),
  };
}
