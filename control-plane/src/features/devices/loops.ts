import { MINUTE, SECOND, type Loop } from "@edgemere/protocol/kit";
import { moved, updated } from "../../platform/change.ts";
import { device, token } from "./contract.ts";
import type { DevicesContext } from "./context.ts";
import { isGone } from "./presence.ts";

/** Calls devices offline that went without a word, or did not come back after a restart of the control plane. */
export function lookAfterPresence({ store, clock, link, log }: DevicesContext): Loop {
  const startedAt = clock.now();
  return {
    name: "look after presence",
    every: SECOND,
    onError: (error) => log.error("loop failed", { loop: "look after presence", error }),
    step: async () => {
      const now = clock.now();
      for (const presence of ["silent", "online"] as const) {
        for await (const row of store.scan(device, { index: "presence", prefix: [presence] })) {
          const hasSession = link.session(row.id) !== undefined;
          if (isGone(row, { now, hasSession, startedAt }))
            await store.commit(updated(device, row, { presence: "offline", presenceAt: now }, "offline"));
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
      await store.commit(moved(token, row, "expire"));
    }
    return "settled";
  },
});
