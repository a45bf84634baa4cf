import { feature } from "../../platform/feature.ts";
import { auditActions } from "./actions.ts";
import type { AuditContext } from "./context.ts";
import { auditFigures } from "./figures.ts";
import { fleetActions } from "./fleet-actions.ts";
import { copyAudit, followRights } from "./loops.ts";
import { askWitnesses, receiveWitness } from "./witnesses.ts";

export type { AuditContext } from "./context.ts";

export const audit = feature<AuditContext>({
  name: "audit",
  resources: [],
  actions: [...auditActions, ...fleetActions],
  sessions: receiveWitness,
  figures: auditFigures,
  loops: (context) => [followRights(context), copyAudit(context), askWitnesses(context)],
});
