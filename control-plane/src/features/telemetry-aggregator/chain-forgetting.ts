import { DAY, HOUR, type Loop } from "@edgemere/protocol/kit";
import { putBytes, removed } from "../../platform/change.ts";
import { repeatOnConflict } from "../../platform/repeat.ts";
import { child } from "./chain-contract.ts";
import { Counting, type Held } from "./chain-room.ts";
import {
  chainedDays,
  chainedDevices,
  chainedHours,
  childStandings,
  sketchesBefore,
  type ChainedDevice,
  type ChildStanding,
} from "./chain-tables.ts";
import type { Store } from "../../platform/store.ts";
import type { Table } from "../../platform/resource.ts";
import type { TelemetryContext, WindowsOptions } from "./context.ts";
import { hourOf } from "./tables.ts";
import { firstHourId } from "./window-tables.ts";

/** Entries that one step removes. */
const REMOVED_AT_ONCE = 1_000;

/** Removes what is kept beside windows of chained devices when these are old, and devices that nobody tells of any more: there is room for more of the child then. */
export const forgetChained = (context: TelemetryContext, keep: WindowsOptions): Loop => ({
  name: "forget what children told",
  every: HOUR,
  onError: (error) => context.log.error("loop failed", { loop: "forget what children told", error }),
  step: () => repeatOnConflict(async () => ((await forgetSome(context, keep)) < REMOVED_AT_ONCE ? "settled" : "more")),
});

async function forgetSome({ store, clock }: TelemetryContext, keep: WindowsOptions): Promise<number> {
  // Looked at before what is counted: who tells more meanwhile moves them.
  const standings: ChildStanding[] = [];
  for await (const each of store.scan(childStandings)) standings.push(each);
  const before = Math.max(0, hourOf(clock.now() - keep.keepMinutes) - HOUR);
  const dayBefore = Math.max(0, hourOf(clock.now() - keep.keepHours) - DAY);
  const keys: string[] = [];
  for await (const [key] of store.bytesBetween({ ...sketchesBefore(before), limit: REMOVED_AT_ONCE })) keys.push(key);
  const hours = await oldest(store, chainedHours, before);
  const days = await oldest(store, chainedDays, dayBefore);
  const children = new Set<string>();
  for await (const { id } of store.scan(child)) children.add(id);
  const devices: ChainedDevice[] = [];
  for await (const row of store.scan(chainedDevices))
    if (devices.length < REMOVED_AT_ONCE && (!children.has(row.child) || row.newestHour < clock.now() - keep.keepHours))
      devices.push(row);
  const counting = new Counting();
  for (const row of [...hours, ...days, ...devices]) counting.take(row);
  await store.commit(
    ...keys.map((key) => putBytes(key, undefined)),
    ...hours.map(({ id }) => removed(chainedHours, id)),
    ...days.map(({ id }) => removed(chainedDays, id)),
    ...devices.map(({ id }) => removed(chainedDevices, id)),
    ...counting.changes(standings),
  );
  return Math.max(keys.length, hours.length, days.length, devices.length);
}

/** Of the rows of a table whose ids begin with an hour, those of hours before one. */
async function oldest<T extends Held & { readonly id: string }>(
  store: Store,
  of: Table<T>,
  before: number,
): Promise<readonly T[]> {
  const rows: T[] = [];
  for await (const row of store.scan(of, { limit: REMOVED_AT_ONCE }))
    if (row.id < firstHourId(before)) rows.push(row);
    else break;
  return rows;
}
