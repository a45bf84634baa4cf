import { DAY, HOUR, MINUTE, SECOND, type Loop } from "@edgemere/protocol/kit";
import { moved, updated, type Change } from "../../platform/change.ts";
import { repeatOnConflict, unlessMoved } from "../../platform/repeat.ts";
import { data } from "../data-catalogue/contract.ts";
import { bookings } from "./capacity.ts";
import type { DataOrchestratorContext } from "./context.ts";
import { dataInstance, dataRequest, dataReservation, type DataInstance } from "./contract.ts";
import { advance, complete, failing, forget } from "./ending.ts";
import { due, type Due } from "./instance-life.ts";
import { HELD_FOR } from "./reserving.ts";

// Rows that one step looks at: no commit grows with the number of requests, and nobody else waits long.
const STEP = 100;
const INSTANCES_LOOKED_AT = 1_000;
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

/** Takes every request to its end: the evaluated forward, the satisfied out when their time is over, the forgotten out. */
export function finishRequests(context: DataOrchestratorContext): Loop {
  const { store, clock, log } = context;
  const startedAt = clock.now();
  return {
    name: "finish data requests",
    every: SECOND,
    onError: (error) => log.error("loop failed", { loop: "finish data requests", error }),
    step: async () => {
      const now = clock.now();
      for await (const row of store.scan(dataRequest, { index: "evaluated" }))
        await advance(row, context).catch(unlessMoved);
      for await (const row of store.scan(dataRequest, { index: "end" })) {
        if ((row.endsAt ?? 0) > now) break;
        await complete(row, context).catch(unlessMoved);
      }
      for await (const row of store.scan(dataRequest, { index: "undecided" })) {
        // After a restart the rules get their time again.
        if (now - Math.max(row.createdAt, startedAt) < DECIDED_WITHIN) break;
        await store.commit(...(await failing(row, "it was not decided in time; ask again", store))).catch(unlessMoved);
      }
      return "settled";
    },
  };
}

/** Makes instances follow their data: lost with it, stale when it changed, ready when it is back. A thousand a second. */
export function followData({ store, clock, log }: DataOrchestratorContext): Loop {
  let cursor: string | undefined;
  return {
    name: "follow data",
    every: SECOND,
    onError: (error) => log.error("loop failed", { loop: "follow data", error }),
    step: async () => {
      const page = await store.list(dataInstance, { limit: INSTANCES_LOOKED_AT, cursor });
      cursor = page.next;
      let changes: Change[] = [];
      for (const row of page.items) {
        const held = row.holds === undefined ? undefined : await store.get(data, row.holds);
        const change = due(row, held, await store.get(data, row.data));
        if (change !== undefined) changes.push(followed(row, change, clock.now()));
        if (changes.length < STEP) continue;
        await store.commit(...changes);
        changes = [];
      }
      if (changes.length > 0) await store.commit(...changes);
      return "settled";
    },
  };
}

function followed(row: DataInstance, { signal, cause }: Due, now: number): Change {
  if (signal === undefined) return updated(dataInstance, row, { cause });
  return moved(dataInstance, row, signal, { cause, ...(signal === "lose" && { lostAt: now }) });
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
