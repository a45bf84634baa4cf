import { feature } from "../../platform/feature.ts";
import { orchestratorActions } from "./actions.ts";
import type { DataOrchestratorContext } from "./context.ts";
import { dataInstance, dataReference, dataRequest, dataReservation } from "./contract.ts";
import { followData } from "./following.ts";
import { expireReservations, finishRequests, forgetEndedRequests } from "./loops.ts";
import { rules } from "./messages.ts";
import { bringInstances, collectContent, dropFiles, evictCaches } from "./moving-loops.ts";

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
    evictCaches(context),
    forgetEndedRequests(context),
  ],
});
