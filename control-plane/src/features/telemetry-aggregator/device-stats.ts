import { HOUR, MINUTE } from "@edgemere/protocol/kit";
import { telling, type Change } from "../../platform/change.ts";
import type { Store } from "../../platform/store.ts";
import { device } from "../devices/contract.ts";
import type { Stats } from "./adevice-contract.ts";
import type { StatsOptions } from "./context.ts";
import type { Grid } from "./grid.ts";
import { madeDirty, type Minutes } from "./window-making.ts";
import { toldStats, type DirtyHour } from "./window-tables.ts";
import { Windows } from "./windows.ts";

/** What is on its way to the end of a window. */
const GRACE = MINUTE;

/** The newest window in an hour that is over, unless it was told, or is so old that it is news no more: what was missed is not told later. */
export function dueWindow(
  hour: number,
  { every, told, now }: { readonly every: number; readonly told: number; readonly now: number },
): Grid | undefined {
  const end = Math.min(hour + HOUR, Math.floor((now - GRACE) / every) * every);
  const isDue = end > hour && end > told && end > now - GRACE - HOUR - every;
  return isDue ? { from: end - every, step: every, length: 1 } : undefined;
}

/**
 * What the windows that were just made of a device's hour tell of its newest finished window: the event, to go into their commit. An hour
 * that has samples of a window that is not over is looked at again, also when the device says nothing more.
 */
export async function deviceStats(
  dirty: Omit<DirtyHour, "id">,
  minutes: Minutes,
  { every, metrics }: StatsOptions,
  { store, now }: { readonly store: Store; readonly now: number },
): Promise<readonly Change[]> {
  const over = Math.floor((now - GRACE) / every) * every;
  const isUnfinished = [...minutes.values()].flat().some(({ windows: { count, grid } }) => {
    const last = count.findLastIndex((each) => each > 0);
    return grid.from + last * grid.step >= over;
  });
  const again = isUnfinished ? madeDirty(dirty.device, [dirty.hour]) : [];
  const { to: told = 0 } = (await store.get(toldStats, dirty.device)) ?? {};
  const due = dueWindow(dirty.hour, { every, told, now });
  const stats = due && statsOf(minutes, metrics, due);
  const row = stats && (await store.get(device, dirty.device));
  if (stats === undefined || row === undefined) return again;
  const remembered = { id: row.id, to: stats.to };
  return [...again, telling({ resource: device, row, more: { stats }, news: "stats" }, toldStats, remembered)];
}

/** Of the metrics that are named and have samples; undefined when none has. */
function statsOf(minutes: Minutes, wanted: readonly string[], { from, step }: Grid): Stats | undefined {
  const metrics = wanted.flatMap((metric) => {
    const all = new Windows({ from, step, length: 1 });
    for (const { windows } of minutes.get(metric) ?? []) all.add(windows);
    const told = {
      count: all.overall("count"),
      min: all.overall("min"),
      max: all.overall("max"),
      mean: all.overall("mean"),
    };
    // Of absurd numbers the sum is more than a number can be.
    return Number.isFinite(told.mean) ? [{ metric, devices: 1, ...told }] : [];
  });
  return metrics.length === 0 ? undefined : { from, to: from + step, metrics };
}
