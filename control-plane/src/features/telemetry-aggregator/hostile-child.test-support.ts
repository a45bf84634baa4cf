import { ColumnEncoder, Sketch } from "@edgemere/protocol";
import { DAY, HOUR, MINUTE } from "@edgemere/protocol/kit";
import { ManualClock } from "@edgemere/protocol/simulated";
import type { Database } from "../../platform/database.ts";
import type { World } from "./aggregator.test-support.ts";
import { BEGIN, declare, startPlane } from "./chain.test-support.ts";
import { hourBytes, metricHour, type Minutes } from "./chain-bytes.ts";
import type { ChainedArrivals } from "./chained-arrivals.ts";
import * as contract from "./contract.ts";
import { gridOfPeriod } from "./window-tables.ts";
import { Windows } from "./windows.ts";

export const NOW = BEGIN + 2 * DAY;
export const THIS_HOUR = NOW - HOUR;
export type Report = contract.ReportedHour;

/** One minute with these samples. */
export function minutes(
  values: readonly number[],
  over: { readonly hour?: number; readonly minute?: number; readonly instance?: string } = {},
): Minutes {
  const { hour = THIS_HOUR, minute = 0, instance = "" } = over;
  const windows = new Windows(gridOfPeriod("minutes", hour));
  windows.addSamples({ at: values.map((_, row) => hour + minute * MINUTE + row), values });
  const sketch = new Sketch();
  for (const value of values) sketch.add(value);
  return {
    instance,
    windows,
    sketches: Array.from({ length: 60 }, (_, place) => (place === minute ? sketch : undefined)),
  };
}

export const bytesOf = (metrics: Readonly<Record<string, readonly Minutes[]>>): string => {
  const columns = new ColumnEncoder();
  const all = Object.entries(metrics).map(([metric, instances]) => metricHour(columns, metric, instances));
  return Buffer.from(hourBytes(all)).toString("base64");
};
export const aReport = (over: Partial<Report> = {}): Report => ({
  origin: "edge",
  device: "d1",
  name: "gw-1",
  labels: {},
  machine: "",
  hour: THIS_HOUR,
  version: `000001.${String(NOW).padStart(16, "0")}.00000000`,
  windows: bytesOf({ load: [minutes([1, 2])] }),
  gaps: [],
  ...over,
});

/** One of which the children Edge (by the token t1) and Evil (t2) may tell. */
export async function aParent(
  devicesAtMost = 2,
  setting: {
    readonly database?: Database;
    readonly childRoom?: number;
    readonly chainedArrivals?: ChainedArrivals;
  } = {},
): Promise<World> {
  const world = await startPlane({ clock: new ManualClock(NOW), origin: "parent", ...setting });
  await declare(world, { name: "Edge", reporter: "t1", origins: ["edge"], devicesAtMost });
  await declare(world, { name: "Evil", reporter: "t2", origins: ["evil"], devicesAtMost });
  return world;
}

export const tell = (world: World, reports: readonly Report[], actor = "token:t1", after = "") =>
  world.call(contract.reportWindows, { after, position: "1", reports: [...reports], waiting: 0, lost: 0 }, { actor });
