import { HOUR, MINUTE, type Loop } from "@edgemere/protocol/kit";
import { put, putBytes, removed, type Change } from "../../platform/change.ts";
import { partsOf } from "../../platform/keys.ts";
import { Problem } from "../../platform/problem.ts";
import type { Store } from "../../platform/store.ts";
import { aggregatedDevice } from "./adevice-contract.ts";
import type { TelemetryContext, WindowsOptions } from "./context.ts";
import { madeGroupWindows } from "./group-making.ts";
import { dirtyGroupHours, groupHoursUnderWay, groupKey, groupWindowsOf, type GroupHour } from "./group-tables.ts";
import { isOver } from "./merging.ts";
import { resolutions, type Resolution } from "./window-tables.ts";

/** Hours of groups that one step takes up: each reads the samples of all devices of the group. */
const STEP = 4;
/** Dirty hours that one step looks at: of those that are not over nothing is made yet. */
const LOOKED_AT = 200;
/** Entries of old windows that one step removes. */
const REMOVED_AT_ONCE = 1_000;

/**
 * Makes the windows of groups' hours that are over, the newest first, and again when samples came late. As with single devices an hour is
 * taken up before its samples are read, and what a crash left taken up is taken up again.
 */
export const makeGroupWindows = ({ store, clock, log, telemetry }: TelemetryContext): Loop => {
  let cursor: string | undefined;
  const isWhole = ({ hour }: Pick<GroupHour, "hour">) => hour - HOUR > clock.now() - telemetry.retention;
  const changesOf = async ({ adevice, hour }: GroupHour): Promise<readonly Change[]> => {
    const group = await store.get(aggregatedDevice, adevice);
    if (group === undefined || !isWhole({ hour })) return [];
    try {
      return await madeGroupWindows(group, hour, store);
    } catch (error) {
      if (!(error instanceof Problem)) throw error;
      // One device with too many samples must not keep all other groups from their windows: queries read this hour's samples.
      log.error("windows of a group cannot be made", { adevice, hour, error });
      return [];
    }
  };
  return {
    name: "make windows of groups",
    every: 5 * MINUTE,
    onError: (error) => log.error("loop failed", { loop: "make windows of groups", error }),
    step: async () => {
      const left = await store.list(groupHoursUnderWay, { limit: STEP });
      const page = await store.list(dirtyGroupHours, { reverse: true, limit: LOOKED_AT, cursor });
      const taken: GroupHour[] = [];
      for (const each of page.items) {
        if (taken.length === STEP) break;
        const group = await store.get(aggregatedDevice, each.adevice);
        // Of one that is disabled it stays known what changed.
        if (group === undefined || (group.state === "enabled" && isOver(each.hour, clock.now()))) taken.push(each);
      }
      // What was taken stands no more where the next page begins.
      cursor = taken.length === STEP ? cursor : page.next;
      await store.commit(
        ...taken.flatMap((each) => [removed(dirtyGroupHours, each.id), put(groupHoursUnderWay, each)]),
      );
      for (const each of new Map([...left.items, ...taken].map((hour) => [hour.id, hour])).values()) {
        await store.commit(...(await changesOf(each)), removed(groupHoursUnderWay, each.id));
      }
      return taken.length === STEP || cursor !== undefined ? "more" : "settled";
    },
  };
};

/** Removes windows of groups that are older than their resolution is kept, or that nobody wants any more: the group or the metric is gone. */
export const forgetGroupWindows = ({ store, clock, log }: TelemetryContext, keep: WindowsOptions): Loop => {
  const kept = { minutes: keep.keepMinutes, hours: keep.keepHours } as const;
  return {
    name: "forget windows of groups",
    every: HOUR,
    onError: (error) => log.error("loop failed", { loop: "forget windows of groups", error }),
    step: async () => {
      const keys: string[] = [];
      let next = groupWindowsOf().gte;
      for (;;) {
        const found = await firstFrom(store, next);
        if (found === undefined || keys.length >= REMOVED_AT_ONCE) break;
        const [, adevice, metric, resolution] = partsOf(found) as [string, string, string, Resolution];
        const isWanted = (await store.get(aggregatedDevice, adevice))?.metrics.includes(metric) === true;
        const { gte, lt } = groupWindowsOf(adevice, metric, resolution);
        const before = clock.now() - kept[resolution] - resolutions[resolution].period;
        const old = { gte, lt: isWanted ? groupKey(adevice, metric, resolution, before) : lt };
        for await (const [key] of store.bytesBetween({ ...old, limit: REMOVED_AT_ONCE })) keys.push(key);
        next = lt;
      }
      await store.commit(...keys.map((key) => putBytes(key, undefined)));
      return keys.length >= REMOVED_AT_ONCE ? "more" : "settled";
    },
  };
};

async function firstFrom(store: Store, gte: string): Promise<string | undefined> {
  for await (const [key] of store.bytesBetween({ gte, lt: groupWindowsOf().lt, limit: 1 })) return key;
  return undefined;
}
