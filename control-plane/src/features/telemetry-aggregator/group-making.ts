import { ColumnEncoder, Sketch } from "@edgemere/protocol";
import { DAY, HOUR } from "@edgemere/protocol/kit";
import { put, putBytes, type Change } from "../../platform/change.ts";
import type { Store } from "../../platform/store.ts";
import { device } from "../devices/contract.ts";
import { viewOf } from "../devices/selector-contract.ts";
import { aggregatedDevice, type AggregatedDevice } from "./adevice-contract.ts";
import { countedDevices, hostOf } from "./chained-devices.ts";
import { chainedMinutes } from "./chained-reading.ts";
import { matcherOf } from "./fleet.ts";
import { emptyGroupWindows, groupBytes, groupWindowsIn, type GroupWindows } from "./group-bytes.ts";
import { dirtyGroupHours, groupKey } from "./group-tables.ts";
import { readSamples } from "./reading.ts";
import { addSample } from "./sketched.ts";
import { hourId, gridOfPeriod } from "./window-tables.ts";
import { CARRIED_AT_MOST, Windows } from "./windows.ts";

/** A group that windows are made of, and who is in it. */
export interface GroupMembers {
  readonly name: string;
  /** Of a device as selectors see it. */
  readonly isMember: (view: Record<string, unknown>) => boolean;
}

/** Those that name metrics, disabled ones too: what changes meanwhile is to be known when they are enabled again. */
export async function groupsWithWindows(store: Store): Promise<readonly GroupMembers[]> {
  const groups: GroupMembers[] = [];
  for await (const { name, selector, metrics } of store.scan(aggregatedDevice))
    if (metrics.length > 0) groups.push({ name, isMember: matcherOf(selector) });
  return groups;
}

/** The hours of groups that the new windows of a device change. */
export const madeGroupsDirty = (
  hour: number,
  groups: readonly GroupMembers[],
  view: Record<string, unknown>,
): readonly Change[] =>
  groups
    .filter(({ isMember }) => isMember(view))
    .map(({ name }) => put(dirtyGroupHours, { id: hourId(hour, name), adevice: name, hour }));

/** An hour of a group, made anew of all samples of its devices: minutes as they are, and the hour as one of its day. */
export async function madeGroupWindows(
  { name, selector, metrics }: AggregatedDevice,
  hour: number,
  store: Store,
): Promise<readonly Change[]> {
  const made = await summedUp({ selector, metrics }, hour, store);
  const encoder = new ColumnEncoder();
  const changes: Change[] = [];
  for (const [metric, { minutes, whole }] of made) {
    const day = Math.floor(hour / DAY) * DAY;
    const key = groupKey(name, metric, "hours", day);
    const grid = gridOfPeriod("hours", day);
    const hours = groupWindowsIn(await store.bytes(key), selector, grid) ?? emptyGroupWindows(grid);
    replaceHour(hours, (hour - day) / HOUR, whole);
    changes.push(
      putBytes(groupKey(name, metric, "minutes", hour), groupBytes(encoder, selector, minutes)),
      putBytes(key, groupBytes(encoder, selector, hours)),
    );
  }
  return changes;
}

interface Made {
  readonly minutes: GroupWindows;
  readonly whole: GroupWindows;
}

/** Reads one device after the other, so that only sums are held. */
async function summedUp(
  { selector, metrics }: Pick<AggregatedDevice, "selector" | "metrics">,
  hour: number,
  store: Store,
): Promise<ReadonlyMap<string, Made>> {
  const grids = [gridOfPeriod("minutes", hour), { from: hour, step: HOUR, length: 1 }] as const;
  const found = new Map<string, Made>(
    metrics.map((metric) => [metric, { minutes: emptyGroupWindows(grids[0]), whole: emptyGroupWindows(grids[1]) }]),
  );
  const own = new Windows(grids[0]);
  const isMember = matcherOf(selector);
  const hosts = new Set<string>();
  for await (const row of store.scan(device)) {
    hosts.add(hostOf(row));
    if (!isMember(viewOf(row))) continue;
    const asked = { metrics, from: hour - CARRIED_AT_MOST, to: hour + HOUR - 1, isSketched: true };
    const { series } = await readSamples(store, row.id, asked);
    for (const [metric, { minutes, whole }] of found) {
      own.clear();
      for (const column of series) {
        if (column.metric !== metric) continue;
        own.addSamples(column);
        for (const [row_, at] of column.at.entries())
          if (at >= hour) addSample(sketchOf(minutes, Math.floor((at - hour) / grids[0].step)), column, row_);
      }
      addOwn({ minutes, whole }, own);
    }
  }
  for await (const { row, view } of countedDevices(store, hosts)) {
    if (!isMember(view)) continue;
    for (const [metric, made] of found) {
      own.clear();
      for (const { windows, sketches } of await chainedMinutes(store, row.id, metric, hour)) {
        own.add(windows);
        for (const [minute, sketch] of sketches.entries()) if (sketch) sketchOf(made.minutes, minute).merge(sketch);
      }
      addOwn(made, own);
    }
  }
  for (const { minutes, whole } of found.values()) {
    for (const sketch of minutes.sketches) if (sketch !== undefined) sketchOf(whole, 0).merge(sketch);
    minutes.made.fill(1);
    whole.made.fill(1);
  }
  return found;
}

/** What one device was in the hour. */
function addOwn({ minutes, whole }: Made, own: Windows): void {
  minutes.windows.add(own);
  whole.windows.add(own);
  for (let minute = 0; minute < own.count.length; minute++)
    if (own.count[minute] !== 0) minutes.devices[minute] = (minutes.devices[minute] as number) + 1;
  if (own.count.some((count) => count > 0)) whole.devices[0] = (whole.devices[0] as number) + 1;
}

function sketchOf({ sketches }: GroupWindows, window: number): Sketch {
  const known = sketches[window] ?? new Sketch();
  sketches[window] = known;
  return known;
}

function replaceHour(hours: GroupWindows, place: number, whole: GroupWindows): void {
  hours.windows.empty(place);
  hours.windows.add(whole.windows);
  hours.sketches[place] = whole.sketches[0];
  hours.devices[place] = whole.devices[0] ?? 0;
  hours.made[place] = 1;
}
