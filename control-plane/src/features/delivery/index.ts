import { feature } from "../../platform/feature.ts";
import { deliveryActions } from "./actions.ts";
import type { DeliveryContext } from "./context.ts";
import { forgetOldNotes } from "./loops.ts";
import { receiveEvents, receiveSession } from "./receives.ts";

export type { DeliveryContext } from "./context.ts";

export const delivery = feature<DeliveryContext>({
  name: "delivery",
  resources: [],
  actions: deliveryActions,
  receives: { event: receiveEvents },
  sessions: receiveSession,
  loops: (context) => [forgetOldNotes(context)],
});
