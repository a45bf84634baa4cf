import { feature } from "../../platform/feature.ts";
import { orchestratorActions } from "./actions.ts";
import type { DataOrchestratorContext } from "./context.ts";
import { dataInstance, dataReference, dataRequest, dataReservation } from "./contract.ts";
import { expireReservations, finishRequests, followData, forgetEndedRequests } from "./loops.ts";
import { rules } from "./messages.ts";
import { bringInstances, collectContent, dropFiles, evictCaches, keepCopies } from "./moving-loops.ts";

export type { DataOrchestratorContext };

export { declaredPolicy } from "./placement-policy.ts";

export const dataOrchestrator = feature<DataOrchestratorContext>({
  name: "data-orchestrator",
  resources: [dataRequest, dataReservation, dataReference, dataInstance],
  actions: orchestratorActions,
  rules,
  loops: (context) => [
    expireReservations(context),
    finishRequests(context),
    followData(context),
    bringInstances(context),
    collectContent(context),
    dropFiles(context),
    keepCopies(context),
    evictCaches(context),
    forgetEndedRequests(context),
  ],
});
