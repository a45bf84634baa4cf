import { ColumnEncoder } from "@edgemere/protocol";
import { HOUR } from "@edgemere/protocol/kit";
import { putBytes, type Change } from "../../platform/change.ts";
import { partsOf, rangeOf } from "../../platform/keys.ts";
import type { Store } from "../../platform/store.ts";
import type { Forgetting } from "./forgetting-contract.ts";
import { windowsBytes, windowsIn } from "./window-bytes.ts";
import { madeDirty } from "./window-making.ts";
import {
  gridOfPeriod,
  hoursUnderWay,
  resolutions,
  windowsKey,
  windowsOfMetric,
  type Resolution,
} from "./window-tables.ts";

/** Metrics of periods that one step looks at. */
const LOOKS = 500;

/** Windows that a step removes, and where the next goes on; absent at the end. */
interface Forgotten {
  readonly changes: readonly Change[];
  readonly next?: string | undefined;
  /** Of whose windows there is less now. */
  readonly hours: readonly number[];
}

/** Whether windows of a device are being made of samples that were read already: what is removed beside that could come back. */
export async function hasWindowsUnderWay(store: Store, device: string): Promise<boolean> {
  for await (const each of store.scan(hoursUnderWay)) if (each.device === device) return true;
  return false;
}

/**
 * Removes windows of a device. They lie by time and metric before device: each metric of each period is looked at once, whoever else has
 * it. Those of an hour that has samples again, from after the forgetting, are made anew.
 */
export async function forgottenWindows(
  store: Store,
  { device, before }: Pick<Forgetting, "device" | "before">,
  from = rangeOf("telemetrywindows").gte,
): Promise<Forgotten> {
  const changes: Change[] = [];
  const hours = new Set<number>();
  let next = from;
  for (let looks = 0; looks < LOOKS; looks++) {
    const found = await firstBetween(store, next);
    if (found === undefined) return { changes, hours: [...hours] };
    const [, resolution, period, metric] = partsOf(found) as [string, Resolution, number, string];
    if (period >= before) {
      next = rangeOf("telemetrywindows", resolution).lt;
      continue;
    }
    const key = windowsKey(resolution, period, metric, device);
    const bytes = await store.bytes(key);
    if (bytes !== undefined) changes.push(putBytes(key, rest(bytes, resolution, period, before)));
    if (bytes !== undefined && resolution === "minutes") hours.add(period);
    if (bytes !== undefined && resolution === "minutes") changes.push(...madeDirty(device, [period]));
    next = windowsOfMetric(resolution, period, metric).lt;
  }
  return { changes, next, hours: [...hours] };
}

async function firstBetween(store: Store, from: string): Promise<string | undefined> {
  const { lt } = rangeOf("telemetrywindows");
  for await (const [key] of store.bytesBetween({ gte: from, lt, limit: 1 })) return key;
  return undefined;
}

/** What is left of windows when those before an instant are forgotten; undefined for nothing. */
function rest(bytes: Uint8Array, resolution: Resolution, period: number, before: number): Uint8Array | undefined {
  if (before >= period + resolutions[resolution].period) return undefined;
  const grid = gridOfPeriod(resolution, period);
  const instances = [];
  for (const each of windowsIn(bytes, grid)) {
    for (let window = 0; window < (before - period) / HOUR; window++) each.windows.empty(window);
    if (each.windows.count.some((count) => count > 0)) instances.push(each);
  }
  return instances.length === 0 ? undefined : windowsBytes(new ColumnEncoder(), instances);
}
