import { feature } from "../../platform/feature.ts";
import { telemetryActions } from "./actions.ts";
import { aggregatedDevice } from "./adevice-contract.ts";
import { aggregatedDeviceActions, tellStats } from "./adevices.ts";
import type { TelemetryContext } from "./context.ts";
import { telemetryFigures } from "./fleet-figures.ts";
import { forgetAsked } from "./forgetting.ts";
import { forgetOldSamples, mergeReports } from "./loops.ts";
import { queryActions } from "./querying.ts";
import { receiveTelemetry } from "./receives.ts";
import { loopsOfWindows } from "./window-loops.ts";

export { StoredChunk } from "./chunks.ts";
export type { TelemetryContext } from "./context.ts";

export const telemetryAggregator = feature<TelemetryContext>({
  name: "telemetry-aggregator",
  resources: [aggregatedDevice],
  actions: [...telemetryActions, ...queryActions, ...aggregatedDeviceActions],
  receives: { telemetry: receiveTelemetry },
  loops: (context) => [
    forgetOldSamples(context),
    mergeReports(context),
    forgetAsked(context),
    ...loopsOfWindows(context),
    tellStats(context),
  ],
  figures: telemetryFigures,
});
