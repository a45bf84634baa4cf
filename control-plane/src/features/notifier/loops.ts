import { HOUR, type Loop } from "@edgemere/protocol/kit";
import { destroyed } from "../../platform/change.ts";
import { unlessMoved } from "../../platform/repeat.ts";
import type { NotifierContext } from "./context.ts";
import { notice } from "./notice-contract.ts";

const STEP = 200;

/** Forgets what was delivered, refused or given up long ago. */
export const forgetOldNotices = ({ store, clock, log, notifier }: NotifierContext): Loop => ({
  name: "forget old notices",
  every: HOUR,
  onError: (error) => log.error("loop failed", { loop: "forget old notices", error }),
  step: async () => {
    const { items } = await store.list(notice, { index: "ended", limit: STEP });
    const old = items.filter(({ updatedAt }) => updatedAt < clock.now() - notifier.keepFor);
    for (const row of old) await store.commit(destroyed(notice, row)).catch(unlessMoved);
    return old.length === STEP ? "more" : "settled";
  },
});
