import type { PlatformContext } from "../../platform/context.ts";
import { feature } from "../../platform/feature.ts";
import { orchestratorActions } from "./actions.ts";
import { dataInstance, dataReference, dataRequest, dataReservation } from "./contract.ts";
import { expireReservations, finishRequests, followData, forgetEndedRequests } from "./loops.ts";
import { rules } from "./messages.ts";

export type DataOrchestratorContext = PlatformContext;

export const dataOrchestrator = feature<DataOrchestratorContext>({
  name: "data-orchestrator",
  resources: [dataRequest, dataReservation, dataReference, dataInstance],
  actions: orchestratorActions,
  rules,
  loops: (context) => [
    expireReservations(context),
    finishRequests(context),
    followData(context),
    forgetEndedRequests(context),
  ],
});
