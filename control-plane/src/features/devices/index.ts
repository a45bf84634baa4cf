import { feature } from "../../platform/feature.ts";
import { deviceActions } from "./actions.ts";
import { device, token } from "./contract.ts";
import type { DevicesContext } from "./context.ts";
import { expireTokens, forgetOldHistory, lookAfterPresence } from "./loops.ts";
import { messageKeyOf } from "./message-key.ts";
import { receiveClock, receiveEvents } from "./receives.ts";
import { realm } from "./selector.ts";
import { receiveAlarm, receiveSession } from "./sessions.ts";
import { tokenActions } from "./tokens.ts";

export type { DevicesContext } from "./context.ts";
export { idsOfDevices, mayConnect } from "./admission.ts";

export const devices = feature<DevicesContext>({
  name: "devices",
  resources: [device, token],
  realm,
  actions: [...deviceActions, ...tokenActions],
  receives: { event: receiveEvents, telemetry: receiveClock },
  sessions: receiveSession,
  alarms: receiveAlarm,
  messageKey: messageKeyOf,
  loops: (context) => [lookAfterPresence(context), expireTokens(context), forgetOldHistory(context)],
});
