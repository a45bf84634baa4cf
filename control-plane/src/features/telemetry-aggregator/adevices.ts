import { MINUTE, SECOND, type Loop } from "@edgemere/protocol/kit";
import { handle } from "../../platform/action.ts";
import { created, destroyed, moved, updated } from "../../platform/change.ts";
import { pageOf } from "../../platform/pages.ts";
import { resolve } from "../../platform/reference.ts";
import { repeatOnConflict, unlessMoved } from "../../platform/repeat.ts";
import { compileSelector } from "../devices/selector-contract.ts";
import * as contract from "./adevice-contract.ts";
import { dueStats, statsOf } from "./adevice-stats.ts";
import type { TelemetryContext } from "./context.ts";

const { aggregatedDevice } = contract;

const move = (ref: string, signal: "enable" | "disable", { store }: TelemetryContext) =>
  repeatOnConflict(async () => {
    await store.commit(moved(aggregatedDevice, await resolve(store, aggregatedDevice, ref), signal));
    return resolve(store, aggregatedDevice, ref);
  });

export const aggregatedDeviceActions = [
  handle(
    contract.createAggregatedDevice,
    async ({ name, selector, metrics = [] }, { store }: TelemetryContext, { actor }) => {
      compileSelector(selector);
      // Its name is its id, so that two at once cannot have the same.
      await store.commit(created(aggregatedDevice, name, { name, selector, metrics, author: actor }));
      return resolve(store, aggregatedDevice, name);
    },
  ),
  handle(contract.updateAggregatedDevice, async ({ adevice, selector, metrics }, { store }: TelemetryContext) =>
    repeatOnConflict(async () => {
      if (selector !== undefined) compileSelector(selector);
      const row = await resolve(store, aggregatedDevice, adevice);
      const patch = { ...(selector !== undefined && { selector }), ...(metrics !== undefined && { metrics }) };
      await store.commit(updated(aggregatedDevice, row, patch));
      return resolve(store, aggregatedDevice, adevice);
    }),
  ),
  handle(contract.enableAggregatedDevice, async ({ adevice }, context: TelemetryContext) =>
    move(adevice, "enable", context),
  ),
  handle(contract.disableAggregatedDevice, async ({ adevice }, context: TelemetryContext) =>
    move(adevice, "disable", context),
  ),
  handle(contract.destroyAggregatedDevice, async ({ adevice }, { store }: TelemetryContext) =>
    repeatOnConflict(async () => {
      const row = await resolve(store, aggregatedDevice, adevice);
      await store.commit(destroyed(aggregatedDevice, row));
      return row;
    }),
  ),
  handle(contract.findAggregatedDevice, async ({ adevice }, { store }: TelemetryContext) =>
    resolve(store, aggregatedDevice, adevice),
  ),
  handle(contract.listAggregatedDevices, async ({ state: states, limit = 50, cursor }, { store }: TelemetryContext) => {
    const page = await pageOf(store, aggregatedDevice, { states, limit, cursor });
    return { ...page, items: [...page.items] };
  }),
];

/** Tells of every aggregated device what its newest five minutes were. */
export const tellStats = (context: TelemetryContext): Loop => {
  const { store, clock, log } = context;
  return {
    name: "tell stats of aggregated devices",
    every: 30 * SECOND,
    onError: (error) => log.error("loop failed", { loop: "tell stats of aggregated devices", error }),
    step: async () => {
      for await (const row of store.scan(aggregatedDevice)) {
        const due = dueStats(row, clock.now() - MINUTE);
        if (due === undefined) continue;
        const stats = await statsOf(row, due, context);
        await store.commit(updated(aggregatedDevice, row, { stats }, "stats")).catch(unlessMoved);
      }
      return "settled";
    },
  };
};
