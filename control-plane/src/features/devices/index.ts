import { feature } from "../../platform/feature.ts";
import { deviceActions } from "./actions.ts";
import { device, token } from "./contract.ts";
import type { DevicesContext } from "./context.ts";
import { expireTokens, lookAfterPresence } from "./loops.ts";
import { receiveEvents, receiveSession } from "./receives.ts";
import { tokenActions } from "./tokens.ts";

export type { DevicesContext } from "./context.ts";
export { mayConnect } from "./admission.ts";

export const devices = feature<DevicesContext>({
  name: "devices",
  resources: [device, token],
  actions: [...deviceActions, ...tokenActions],
  receives: { event: receiveEvents },
  sessions: receiveSession,
  loops: (context) => [lookAfterPresence(context), expireTokens(context)],
});
