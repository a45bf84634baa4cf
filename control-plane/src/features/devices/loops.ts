import { MINUTE, SECOND, type Loop } from "@edgemere/protocol/kit";
import { moved, updated } from "../../platform/change.ts";
import { unlessMoved } from "../../platform/repeat.ts";
import { device, token } from "./contract.ts";
import type { DevicesContext } from "./context.ts";
import { isGone } from "./presence.ts";

/** Healthy devices are looked at this often only: there may be many. */
const ONLINE_LOOKED_AT_EVERY = 5 * SECOND;

/**
 * Calls devices silent that have no session any more, and offline when they do not come back. After a restart of the
 * control plane they have time to do so. In between, the will of one that just left may still be on its way.
 */
export function lookAfterPresence({ store, clock, link, log }: DevicesContext): Loop {
  const startedAt = clock.now();
  let onlineLookedAt = -Infinity;
  return {
    name: "look after presence",
    every: SECOND,
    onError: (error) => log.error("loop failed", { loop: "look after presence", error }),
    step: async () => {
      const now = clock.now();
      const isOnlineDue = Math.abs(now - onlineLookedAt) >= ONLINE_LOOKED_AT_EVERY;
      if (isOnlineDue) onlineLookedAt = now;
      for (const presence of isOnlineDue ? (["silent", "online"] as const) : (["silent"] as const)) {
        const next = presence === "online" ? "silent" : "offline";
        for await (const row of store.scan(device, { index: "presence", prefix: [presence] })) {
          const hasSession = link.session(row.id) !== undefined;
          if (isGone(row, { now, hasSession, startedAt }))
            await store.commit(updated(device, row, { presence: next, presenceAt: now }, next)).catch(unlessMoved);
        }
      }
      return "settled";
    },
  };
}

export const expireTokens = ({ store, clock, log }: DevicesContext): Loop => ({
  name: "expire enrolment tokens",
  every: MINUTE,
  onError: (error) => log.error("loop failed", { loop: "expire enrolment tokens", error }),
  step: async () => {
    for await (const row of store.scan(token, { index: "state", prefix: ["open"] })) {
      if (row.expiresAt > clock.now()) return "settled";
      await store.commit(moved(token, row, "expire")).catch(unlessMoved);
    }
    return "settled";
  },
});
