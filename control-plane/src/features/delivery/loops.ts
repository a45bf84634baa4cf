import { DAY, HOUR, type Loop } from "@edgemere/protocol/kit";
import { removed } from "../../platform/change.ts";
import type { DeliveryContext } from "./context.ts";
import { deviceEvents } from "./tables.ts";

const KEPT_FOR = 30 * DAY;
// A commit stays small, however long the loop was away.
const STEP = 500;

export const forgetOldNotes = ({ store, clock, log, retention }: DeliveryContext): Loop => ({
  name: "forget old notes of agents",
  every: HOUR,
  onError: (error) => log.error("loop failed", { loop: "forget old notes of agents", error }),
  step: async () => {
    const before = clock.now() - (retention?.events ?? KEPT_FOR);
    const { items } = await store.list(deviceEvents, { index: "received", limit: STEP });
    const old = items.filter(({ receivedAt }) => receivedAt < before);
    await store.commit(...old.map(({ id }) => removed(deviceEvents, id)));
    return old.length === STEP ? "more" : "settled";
  },
});
