import { feature } from "../../platform/feature.ts";
import { deviceActions } from "./actions.ts";
import { certificate } from "./certificate-contract.ts";
import { device } from "./contract.ts";
import { edgeNode } from "./edge-node-contract.ts";
import { edgeNodeActions } from "./edge-nodes.ts";
import { token } from "./token-contract.ts";
import type { DevicesContext } from "./context.ts";
import { decidingActions } from "./deciding.ts";
import { deviceFigures } from "./figures.ts";
import { loops } from "./loops.ts";
import { messageKeyOf } from "./message-key.ts";
import { receiveClock, receiveEvents } from "./receives.ts";
import { renewingActions } from "./renewing.ts";
import { realm } from "./selector-contract.ts";
import { receiveAlarm, receiveSession } from "./sessions.ts";
import { offers } from "./offers.ts";
import { tokenActions } from "./tokens.ts";

export type { DevicesContext } from "./context.ts";
export { admissions, idsOfDevices } from "./admission.ts";
export { admitEdgeNode } from "./edge-node-admission.ts";

export const devices = feature<DevicesContext>({
  name: "devices",
  resources: [device, token, certificate, edgeNode],
  realm,
  actions: [...deviceActions, ...tokenActions, ...renewingActions, ...decidingActions, ...edgeNodeActions],
  receives: { event: receiveEvents, telemetry: receiveClock },
  sessions: receiveSession,
  alarms: receiveAlarm,
  messageKey: messageKeyOf,
  offers,
  figures: deviceFigures,
  loops: (context) => loops.map((loop) => loop(context)),
});
