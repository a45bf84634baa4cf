import { HOUR, MINUTE } from "@edgemere/protocol/kit";
import type { WindowsOptions } from "./context.ts";
import type { Grid } from "./grid.ts";
import { isPercentile, type Percentile } from "./grouping.ts";
import type { Resolution } from "./window-tables.ts";
import type { Summing } from "./windows.ts";

/** What a query reads: samples as they came, or windows that were made of them beforehand. */
export type Source = "samples" | Resolution;

/** The coarsest that the windows asked for can be made of, and that is still kept. Percentiles need samples. */
export function sourceOf(
  what: Summing | Percentile,
  { step, from }: Grid,
  { now, windows }: { readonly now: number; readonly windows: WindowsOptions | undefined },
): Source {
  if (windows === undefined || isPercentile(what)) return "samples";
  if (step % HOUR === 0) return "hours";
  return step % MINUTE === 0 && from >= now - windows.keepMinutes ? "minutes" : "samples";
}
