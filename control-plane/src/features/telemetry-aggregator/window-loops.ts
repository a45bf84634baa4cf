import { HOUR, type Loop } from "@edgemere/protocol/kit";
import { put, putBytes, removed, type Change } from "../../platform/change.ts";
import { device } from "../devices/contract.ts";
import { viewOf } from "../devices/selector-contract.ts";
import { forgetChained } from "./chain-forgetting.ts";
import type { TelemetryContext, WindowsOptions } from "./context.ts";
import { deviceStats } from "./device-stats.ts";
import { forgetGroupWindows, makeGroupWindows } from "./group-loops.ts";
import { groupsWithWindows, madeGroupsDirty, type GroupMembers } from "./group-making.ts";
import { madeWindows } from "./window-making.ts";
import {
  dirtyHours,
  hoursUnderWay,
  resolutions,
  windowsBefore,
  type DirtyHour,
  type Resolution,
} from "./window-tables.ts";

/** Hours of devices that one step takes up. */
const STEP = 20;
/** So many times as long as a pass over all that is dirty took, none is begun: a large fleet's windows are made less often, and leave three quarters of the time to the rest. */
const REST = 3;
/** Entries of old windows that one step removes. */
const REMOVED_AT_ONCE = 1_000;

/**
 * Makes the windows of hours that got samples, the newest first. An hour is taken up before its samples are read, so that what comes
 * while it is summed up makes it dirty again; what a crash left taken up is taken up again.
 */
const makeWindows = (context: TelemetryContext, { every, stats }: WindowsOptions): Loop => {
  const { store, clock, log, telemetry } = context;
  let cursor: string | undefined;
  let [begunAt, restsUntil] = [0, -Infinity];
  // Of an hour that is as old as samples are kept some may be gone: its windows know more than what is left.
  const isWhole = ({ hour }: TakenUp) => hour - HOUR > clock.now() - telemetry.retention;
  const changesOf = async (each: TakenUp, groups: readonly GroupMembers[]): Promise<readonly Change[]> => {
    if (!isWhole(each)) return [];
    // What is told of its newest window is told of all metrics.
    const { changes, minutes } = await madeWindows(stats ? { ...each, minute: 0 } : each, store);
    const told = stats && (await deviceStats(each, minutes, stats, { store, now: clock.now() }));
    const row = groups.length === 0 ? undefined : await store.get(device, each.device);
    return [...changes, ...(row ? madeGroupsDirty(each.hour, groups, viewOf(row)) : []), ...(told ?? [])];
  };
  return {
    name: "make windows",
    every,
    onError: (error) => log.error("loop failed", { loop: "make windows", error }),
    step: async () => {
      if (cursor === undefined) {
        begunAt = clock.monotonic();
        if (begunAt < restsUntil) return "settled";
      }
      const left = await store.list(hoursUnderWay, { limit: STEP });
      const page = await store.list(dirtyHours, { reverse: true, limit: STEP, cursor });
      cursor = page.next;
      await store.commit(...page.items.flatMap((each) => [removed(dirtyHours, each.id), put(hoursUnderWay, each)]));
      const groups = await groupsWithWindows(store);
      await Promise.all(
        byDevice([...left.items, ...page.items]).map(async (hours) => {
          for (const each of hours) {
            const done = each.ids.map((id) => removed(hoursUnderWay, id));
            await store.commit(...(await changesOf(each, groups)), ...done);
          }
        }),
      );
      if (cursor !== undefined) return "more";
      restsUntil = clock.monotonic() + REST * (clock.monotonic() - begunAt);
      return "settled";
    },
  };
};

/** All that was taken up of an hour of a device. */
interface TakenUp extends Omit<DirtyHour, "id"> {
  readonly ids: readonly string[];
}

/** Hours of one device are made one after the other, because they share an entry for their day; those of several at once share a commit. */
function byDevice(all: readonly DirtyHour[]): readonly (readonly TakenUp[])[] {
  const devices = new Map<string, Map<number, TakenUp>>();
  for (const { id, device, hour, minute = 0 } of all) {
    const hours = devices.get(device) ?? new Map<number, TakenUp>();
    const known = hours.get(hour) ?? { minute, ids: [] };
    hours.set(hour, { device, hour, minute: Math.min(minute, known.minute ?? 0), ids: [...known.ids, id] });
    devices.set(device, hours);
  }
  return [...devices.values()].map((hours) => [...hours.values()]);
}

/** Removes windows of each resolution that are older than they are kept. */
const forgetOldWindows = ({ store, clock, log }: TelemetryContext, keep: WindowsOptions): Loop => ({
  name: "forget old windows",
  every: HOUR,
  onError: (error) => log.error("loop failed", { loop: "forget old windows", error }),
  step: async () => {
    const kept = { minutes: keep.keepMinutes, hours: keep.keepHours } as const;
    let found = 0;
    for (const resolution of Object.keys(resolutions) as Resolution[]) {
      const before = clock.now() - kept[resolution] - resolutions[resolution].period;
      const keys: string[] = [];
      for await (const [key] of store.bytesBetween({ ...windowsBefore(resolution, before), limit: REMOVED_AT_ONCE }))
        keys.push(key);
      await store.commit(...keys.map((key) => putBytes(key, undefined)));
      found += keys.length;
    }
    return found < REMOVED_AT_ONCE ? "settled" : "more";
  },
});

/** None where no windows are made beforehand. */
export const loopsOfWindows = (context: TelemetryContext): readonly Loop[] => {
  const { windows } = context.telemetry;
  if (windows === undefined) return [];
  return [
    makeWindows(context, windows),
    forgetOldWindows(context, windows),
    forgetChained(context, windows),
    makeGroupWindows(context),
    forgetGroupWindows(context, windows),
  ];
};
