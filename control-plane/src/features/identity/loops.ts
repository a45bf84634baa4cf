import { DAY, MINUTE, type Loop } from "@edgemere/protocol/kit";
import { destroyed, moved, removed } from "../../platform/change.ts";
import { unlessMoved } from "../../platform/repeat.ts";
import { apiToken } from "./contract.ts";
import type { IdentityContext } from "./context.ts";
import { tokenUses } from "./credentials.ts";
import { forgetOldAttempts } from "./sign-in-attempts.ts";

// So long can still be seen which tokens there were.
const ENDED_KEPT_FOR = 30 * DAY;

/** Calls credentials expired whose time is over, and forgets those that ended long ago. */
export const expireCredentials = ({ store, clock, log }: IdentityContext): Loop => ({
  name: "expire credentials",
  every: MINUTE,
  onError: (error) => log.error("loop failed", { loop: "expire credentials", error }),
  step: async () => {
    const now = clock.now();
    for await (const row of store.scan(apiToken, { index: "expiry" })) {
      if (row.expiresAt > now) break;
      if (row.state === "active") await store.commit(moved(apiToken, row, "expire")).catch(unlessMoved);
    }
    for await (const row of store.scan(apiToken, { index: "ended" })) {
      if (row.updatedAt > now - ENDED_KEPT_FOR) break;
      await store.commit(destroyed(apiToken, row), removed(tokenUses, row.id)).catch(unlessMoved);
    }
    await forgetOldAttempts(store, now);
    return "settled";
  },
});
