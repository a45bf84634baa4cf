import { HOUR, MINUTE, type Loop } from "@edgemere/protocol/kit";
import { moved, putBytes, removed } from "../../platform/change.ts";
import { unlessMoved } from "../../platform/repeat.ts";
import { child } from "./chain-contract.ts";
import { chainedDevices, chainedHours, childStandings, sketchesBefore } from "./chain-tables.ts";
import type { TelemetryContext, WindowsOptions } from "./context.ts";
import { hourOf } from "./tables.ts";
import { firstHourId } from "./window-tables.ts";

/** A child reports every minute or so; it may be restarted. */
const SILENT_AFTER = 10 * MINUTE;
/** Entries that one step removes. */
const REMOVED_AT_ONCE = 1_000;

/** Tells of children that say nothing any more: what their devices measure is not known from then on. */
export const watchChildren = ({ store, clock, log }: TelemetryContext): Loop => ({
  name: "watch children",
  every: MINUTE,
  onError: (error) => log.error("loop failed", { loop: "watch children", error }),
  step: async () => {
    for await (const row of store.scan(child)) {
      if (row.state !== "reporting") continue;
      const { heardAt = 0 } = (await store.get(childStandings, row.id)) ?? {};
      if (clock.now() - heardAt <= SILENT_AFTER) continue;
      log.warn("a child is silent", { child: row.id, name: row.name, heardAt });
      await store.commit(moved(child, row, "lose")).catch(unlessMoved);
    }
    return "settled";
  },
});

/** Removes what is kept beside windows of chained devices when these are old, and devices that nobody tells of any more. */
export const forgetChained = ({ store, clock, log }: TelemetryContext, keep: WindowsOptions): Loop => ({
  name: "forget what children told",
  every: HOUR,
  onError: (error) => log.error("loop failed", { loop: "forget what children told", error }),
  step: async () => {
    const before = Math.max(0, hourOf(clock.now() - keep.keepMinutes) - HOUR);
    const keys: string[] = [];
    for await (const [key] of store.bytesBetween({ ...sketchesBefore(before), limit: REMOVED_AT_ONCE })) keys.push(key);
    const hours: string[] = [];
    for await (const { id } of store.scan(chainedHours, { limit: REMOVED_AT_ONCE }))
      if (id < firstHourId(before)) hours.push(id);
      else break;
    const children = new Set<string>();
    for await (const { id } of store.scan(child)) children.add(id);
    const devices: string[] = [];
    for await (const row of store.scan(chainedDevices))
      if (
        devices.length < REMOVED_AT_ONCE &&
        (!children.has(row.child) || row.newestHour < clock.now() - keep.keepHours)
      )
        devices.push(row.id);
    await store.commit(
      ...keys.map((key) => putBytes(key, undefined)),
      ...hours.map((id) => removed(chainedHours, id)),
      ...devices.map((id) => removed(chainedDevices, id)),
    );
    return Math.max(keys.length, hours.length, devices.length) >= REMOVED_AT_ONCE ? "more" : "settled";
  },
});
