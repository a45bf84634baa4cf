import { HOUR, type Loop } from "@edgemere/protocol/kit";
import { putBytes, removed } from "../../platform/change.ts";
import { child } from "./chain-contract.ts";
import { chainedDevices, chainedHours, sketchesBefore } from "./chain-tables.ts";
import type { TelemetryContext, WindowsOptions } from "./context.ts";
import { hourOf } from "./tables.ts";
import { firstHourId } from "./window-tables.ts";

/** Entries that one step removes. */
const REMOVED_AT_ONCE = 1_000;

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
