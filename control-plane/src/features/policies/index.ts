import { feature } from "../../platform/feature.ts";
import { admit } from "./admitting.ts";
import { policyActions } from "./actions.ts";
import { alertActions } from "./alert-actions.ts";
import { alert } from "./alert-contract.ts";
import type { PoliciesContext } from "./context.ts";
import { policy } from "./contract.ts";
import { policyFigures } from "./figures.ts";
import { groupActions } from "./group-looking.ts";
import { lookingActions } from "./looking.ts";
import { receiveOwnEnds } from "./own-ends.ts";
import { rules } from "./messages.ts";
import { policyLoops } from "./policy-loops.ts";
import { receiveTelemetry } from "./receives.ts";
import { silence } from "./silence-contract.ts";
import { silenceActions } from "./silences.ts";
import { receiveWords } from "./words.ts";

export { alertsBegun } from "./begun.ts";
export type { PoliciesContext } from "./context.ts";
export { placementBy } from "./placing.ts";
export { Watch } from "./watch.ts";

export const policies = feature<PoliciesContext>({
  name: "policies",
  resources: [policy, alert, silence],
  actions: [...policyActions, ...alertActions, ...silenceActions, ...lookingActions, ...groupActions],
  admission: admit,
  rules,
  receives: { telemetry: receiveTelemetry, event: receiveWords, result: receiveOwnEnds },
  loops: policyLoops,
  figures: policyFigures,
});
