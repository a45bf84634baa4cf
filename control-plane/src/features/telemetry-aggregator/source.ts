import { HOUR, MINUTE } from "@edgemere/protocol/kit";
import type { AggregatedDevice } from "./adevice-contract.ts";
import type { WindowsOptions } from "./context.ts";
import type { Grid } from "./grid.ts";
import { isPercentile, type Percentile } from "./grouping.ts";
import type { Query } from "./summing-up.ts";
import type { Resolution } from "./window-tables.ts";
import type { Summing } from "./windows.ts";

/** What a query reads: samples as they came, or windows that were made of them beforehand. */
export type Source = "samples" | Resolution;

/** Whether an aggregated device's own windows can answer: of all its samples together, with nothing picked out. A rate is the sum of each series' own. */
export const isOfWholeGroup = (
  { device, selector, instance, across, by = [], function: what, metric }: Query,
  group: AggregatedDevice,
): boolean =>
  device === undefined &&
  (selector ?? "") === "" &&
  instance === undefined &&
  across === undefined &&
  by.length === 0 &&
  what !== "rate" &&
  metric.every((each) => group.metrics.includes(each));

/** The coarsest windows of a group that the windows asked for can be made of, and that are still kept; undefined when there are none. */
export function groupResolution(
  grid: Grid,
  parts: { readonly now: number; readonly windows: WindowsOptions | undefined },
): Resolution | undefined {
  const source = sourceOf("mean", grid, parts);
  return source === "samples" ? undefined : source;
}

/** The coarsest that the windows asked for can be made of, and that is still kept. Percentiles need samples. */
export function sourceOf(
  what: Summing | Percentile,
  { step, from, begins }: Grid,
  { now, windows }: { readonly now: number; readonly windows: WindowsOptions | undefined },
): Source {
  if (windows === undefined || isPercentile(what)) return "samples";
  // Not everywhere does a day begin with an hour of UTC.
  const isMadeOf = (length: number) => (begins ?? [step]).every((each) => each % length === 0);
  if (isMadeOf(HOUR)) return "hours";
  return isMadeOf(MINUTE) && from >= now - windows.keepMinutes ? "minutes" : "samples";
}
