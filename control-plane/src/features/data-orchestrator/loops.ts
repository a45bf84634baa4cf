import { DAY, HOUR, MINUTE, SECOND, type Loop } from "@edgemere/protocol/kit";
import { moved } from "../../platform/change.ts";
import { repeatOnConflict, unlessMoved } from "../../platform/repeat.ts";
import { bookings } from "./capacity.ts";
import type { DataOrchestratorContext } from "./context.ts";
import { dataRequest, dataReservation } from "./contract.ts";
import { complete, failing, forget } from "./ending.ts";
import { lookAtDue } from "./lookouts.ts";
import { HELD_FOR } from "./reserving.ts";

// Rows that one step looks at: no commit grows with the number of requests, and nobody else waits long.
const STEP = 100;
/** A request that no rule decided by then never will be. */
const DECIDED_WITHIN = 10 * MINUTE;
const ENDED_KEPT_FOR = 30 * DAY;

/** Frees what is held for requests that were not decided in time. */
export function expireReservations({ store, clock, log }: DataOrchestratorContext): Loop {
  const startedAt = clock.now();
  return {
    name: "expire data reservations",
    every: 10 * SECOND,
    onError: (error) => log.error("loop failed", { loop: "expire data reservations", error }),
    step: () =>
      repeatOnConflict(async () => {
        // After a restart the rules get their time again.
        if (clock.now() - startedAt < HELD_FOR) return "settled";
        const { items } = await store.list(dataReservation, { index: "held", limit: STEP });
        const overdue = items.filter(({ expiresAt }) => expiresAt <= clock.now());
        if (overdue.length === 0) return "settled";
        const expired = overdue.map((each) =>
          moved(dataReservation, each, "expire", { reason: "not decided in time" }),
        );
        const freed = overdue.flatMap(({ target, cost: { bytes } }) =>
          target === undefined ? [] : [{ source: target, booking: "withdraw" as const, bytes }],
        );
        await store.commit(...expired, ...(await bookings(freed, store)));
        return "more";
      }),
  };
}

/** Takes every request to its end: the evaluated forward, the satisfied out when their time is over, the undecided too. Until then rules keep their copies. */
export function finishRequests(context: DataOrchestratorContext): Loop {
  const { store, clock, log } = context;
  const startedAt = clock.now();
  return {
    name: "finish data requests",
    every: SECOND,
    onError: (error) => log.error("loop failed", { loop: "finish data requests", error }),
    step: async () => {
      const now = clock.now();
      for await (const row of store.scan(dataRequest, { index: "end" })) {
        if ((row.endsAt ?? 0) > now) break;
        await complete(row, context).catch(unlessMoved);
      }
      for await (const row of store.scan(dataRequest, { index: "undecided" })) {
        // After a restart the rules get their time again.
        if (now - Math.max(row.createdAt, startedAt) < DECIDED_WITHIN) break;
        await store.commit(...(await failing(row, "it was not decided in time; ask again", store))).catch(unlessMoved);
      }
      await lookAtDue(context);
      return "settled";
    },
  };
}

/** Forgets requests that ended long ago. */
export const forgetEndedRequests = (context: DataOrchestratorContext): Loop => ({
  name: "forget ended data requests",
  every: HOUR,
  onError: (error) => context.log.error("loop failed", { loop: "forget ended data requests", error }),
  step: async () => {
    const before = context.clock.now() - ENDED_KEPT_FOR;
    for await (const row of context.store.scan(dataRequest, { index: "ended" })) {
      if (row.updatedAt >= before) break;
      await forget(row, context);
    }
    return "settled";
  },
});
