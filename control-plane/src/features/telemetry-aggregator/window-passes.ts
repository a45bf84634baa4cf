import { HOUR, type Loop } from "@edgemere/protocol/kit";
import { put, removed, type Change } from "../../platform/change.ts";
import { device } from "../devices/contract.ts";
import { viewOf } from "../devices/selector-contract.ts";
import type { TelemetryContext, WindowsOptions } from "./context.ts";
import { deviceStats } from "./device-stats.ts";
import { groupsWithWindows, madeGroupsDirty, type GroupMembers } from "./group-making.ts";
import { byDevice, type TakenUp } from "./taken-up.ts";
import { madeWindows } from "./window-making.ts";
import { dirtyHours, hoursUnderWay } from "./window-tables.ts";

/** Hours of devices that one step takes up. */
const STEP = 20;
/** So many times as long as a pass over all that is dirty took, none is begun: a large fleet's windows are made less often, and leave three quarters of the time to the rest. */
const REST = 3;

/**
 * Makes the windows of hours that got samples, the newest first. An hour is taken up before its samples are read, so that what comes
 * while it is summed up makes it dirty again; what a crash left taken up is taken up again.
 */
export const makeWindows = (context: TelemetryContext, { every, stats }: WindowsOptions): Loop => {
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
          for (const each of hours)
            await store.commit(...(await changesOf(each, groups)), ...each.ids.map((id) => removed(hoursUnderWay, id)));
        }),
      );
      if (cursor !== undefined) return "more";
      restsUntil = clock.monotonic() + REST * (clock.monotonic() - begunAt);
      return "settled";
    },
  };
};
