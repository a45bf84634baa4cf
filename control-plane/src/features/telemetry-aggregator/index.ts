import { feature } from "../../platform/feature.ts";
import { telemetryActions } from "./actions.ts";
import { aggregatedDeviceActions, tellStats } from "./adevices.ts";
import { chainActions } from "./chain-actions.ts";
import { chainFigures } from "./chain-figures.ts";
import { watchChildren } from "./chain-watching.ts";
import { loopsOfReporting } from "./chain-reporting.ts";
import type { TelemetryContext } from "./context.ts";
import { aggregatedDevice, child, forgetting } from "./contract.ts";
import { telemetryFigures } from "./fleet-figures.ts";
import { forgetAsked, forgetRetired } from "./forgetting.ts";
import { forgetOldSamples, mergeReports } from "./loops.ts";
import { queryActions } from "./querying.ts";
import { receiveTelemetry } from "./receives.ts";
import { watchActions } from "./watching.ts";
import { loopsOfWindows } from "./window-loops.ts";

export { ChainedArrivals } from "./chained-arrivals.ts";
export { StoredChunk } from "./chunks.ts";
export type { TelemetryContext } from "./context.ts";
export { Landings } from "./landings.ts";
export { SeriesLists } from "./series-lists.ts";

export const telemetryAggregator = feature<TelemetryContext>({
  name: "telemetry-aggregator",
  resources: [aggregatedDevice, child, forgetting],
  actions: [...telemetryActions, ...queryActions, ...watchActions, ...aggregatedDeviceActions, ...chainActions],
  receives: { telemetry: receiveTelemetry },
  loops: (context) => [
    forgetOldSamples(context),
    mergeReports(context),
    forgetAsked(context),
    forgetRetired(context),
    ...loopsOfWindows(context),
    tellStats(context),
    watchChildren(context),
    ...loopsOfReporting(context),
  ],
  figures: async (context) => [...(await telemetryFigures(context)), ...(await chainFigures(context))],
});
