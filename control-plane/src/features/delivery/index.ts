import { feature } from "../../platform/feature.ts";
import { deliveryActions } from "./actions.ts";
import type { DeliveryContext } from "./context.ts";
import { receiveEvents, receiveSession } from "./receives.ts";

export type { DeliveryContext } from "./context.ts";

export const delivery = feature<DeliveryContext>({
  name: "delivery",
  resources: [],
  actions: deliveryActions,
  receives: { event: receiveEvents },
  sessions: receiveSession,
});
