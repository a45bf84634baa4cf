import type { InventoryReport } from "@edgemere/protocol";
import { put, replaced, updated, type Change } from "../../platform/change.ts";
import type { Received } from "../../platform/feature.ts";
import { conditionsAfter, isWrong, newestClock } from "./clock.ts";
import { device, type Device } from "./contract.ts";
import type { DevicesContext } from "./context.ts";
import { differences, inventoryOf } from "./inventory.ts";
import { alertChange, both, clockChange, conditionsChange, hasWrongClock, nothing, type Difference } from "./said.ts";
import { factChanges, traceOf, traces, type Trace } from "./tables.ts";

/** The newest inventory of a batch becomes the device's, and what changed its history; its conditions are as it says. */
export async function receiveEvents(received: Received, { store, newId }: DevicesContext): Promise<readonly Change[]> {
  const row = await store.get(device, received.device);
  if (row === undefined || row.state === "retired") return [];
  const trace = await traceOf(store, row);
  const report = received.records.findLast(({ body }) => body === "inventory")?.inventory as
    | InventoryReport
    | undefined;
  const inventory = report && inventoryOf(report);
  const facts = inventory ? differences(row.inventory, inventory) : [];
  const history = facts.map((each) =>
    put(factChanges, { ...each, id: newId(), device: row.id, at: received.receivedAt }),
  );
  const stock: Difference = inventory && facts.length > 0 ? { patch: { inventory }, news: [] } : nothing;
  const told = conditionsChange(row, conditionsAfter(row.conditions ?? [], received.records, trace));
  const newest = newestClock(received.clocks, trace.clockPeriod);
  const clock = newest ? clockChange({ ...row, ...told.patch }, -newest.offset) : nothing;
  return [
    ...history,
    ...rowAndTrace(
      row,
      trace,
      both(both(stock, alertChange(received.records, received.receivedAt)), both(told, clock)),
    ),
  ];
}

/** Samples come most often: that a clock went wrong in between is seen by them. */
export async function receiveClock(received: Received, { store }: DevicesContext): Promise<readonly Change[]> {
  const trace = received.clocks.length > 0 ? await store.get(traces, received.device) : undefined;
  const newest = trace && newestClock(received.clocks, trace.clockPeriod);
  if (newest === undefined || isWrong(newest.offset, trace?.isClockWrong === true) === trace?.isClockWrong) return [];
  const row = await store.get(device, received.device);
  if (row === undefined || row.state === "retired") return [];
  return rowAndTrace(row, await traceOf(store, row), clockChange(row, -newest.offset));
}

const rowAndTrace = (row: Device, trace: Trace, { patch, news }: Difference): readonly Change[] => {
  if (Object.keys(patch).length === 0) return [];
  const isClockWrong = hasWrongClock({ ...row, ...patch });
  return [
    updated(device, row, patch, ...news),
    ...(isClockWrong === trace.isClockWrong
      ? []
      : [replaced(traces, { ...trace, isClockWrong, version: trace.version + 1 }, trace.version)]),
  ];
};
