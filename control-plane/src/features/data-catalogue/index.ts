import { feature } from "../../platform/feature.ts";
import { catalogueActions, receiveSession } from "./actions.ts";
import type { DataCatalogueContext } from "./context.ts";
import { data, dataSource } from "./contract.ts";
import { askForIndexes } from "./index-asking.ts";
import { forgetRemovedData, settleSources } from "./loops.ts";
import { rules } from "./messages.ts";
import { carryObjects, lookAtBuckets } from "./object-loops.ts";
import { receiveReports } from "./receives.ts";

export type { DataCatalogueContext } from "./context.ts";

export const dataCatalogue = feature<DataCatalogueContext>({
  name: "data-catalogue",
  resources: [data, dataSource],
  actions: catalogueActions,
  rules,
  receives: { event: receiveReports },
  sessions: receiveSession,
  loops: (context) => [
    settleSources(context),
    askForIndexes(context),
    forgetRemovedData(context),
    lookAtBuckets(context),
    carryObjects(context),
  ],
});
