import { DAY, HOUR, SECOND, type Loop } from "@edgemere/protocol/kit";
import { destroyed, removed } from "../../platform/change.ts";
import type { PlatformContext } from "../../platform/context.ts";
import { repeatOnConflict } from "../../platform/repeat.ts";
import type { DataCatalogueContext } from "./context.ts";
import { data } from "./contract.ts";
import { histories } from "./history-contract.ts";
import { forgetFailedErrands } from "./object-forgetting.ts";
import { settle } from "./settling.ts";
import { unsettledSources } from "./tables.ts";

const STEP = 250;
const REMOVED_KEPT_FOR = 30 * DAY;

/** Makes the data of a source follow the source, its device and its last whole report. */
export const settleSources = (context: PlatformContext): Loop => ({
  name: "settle data sources",
  every: SECOND,
  onError: (error) => context.log.error("loop failed", { loop: "settle data sources", error }),
  step: async () => {
    const { items } = await context.store.list(unsettledSources, { limit: 1 });
    const [next] = items;
    if (next === undefined) return "settled";
    await repeatOnConflict(() => settle(next, context));
    return "more";
  },
});

/** Forgets data that was removed long ago. */
export const forgetRemovedData = (context: DataCatalogueContext): Loop => ({
  name: "forget removed data",
  every: HOUR,
  onError: (error) => context.log.error("loop failed", { loop: "forget removed data", error }),
  step: async () => {
    const { store, clock } = context;
    await forgetFailedErrands(context);
    const before = clock.now() - REMOVED_KEPT_FOR;
    const { items } = await store.list(data, { index: "removed", limit: STEP });
    const old = items.filter(({ updatedAt }) => updatedAt < before);
    if (old.length === 0) return "settled";
    await store.commit(...old.flatMap((row) => [destroyed(data, row), removed(histories, row.id)]));
    return "more";
  },
});
