import { SECOND, type Loop } from "@edgemere/protocol/kit";
import { auditTable, idOf, placeOf } from "../../platform/audit.ts";
import type { CopyLine } from "../../platform/audit-copy.ts";
import { auditHeads, signHead } from "../../platform/audit-heads.ts";
import { put, removed } from "../../platform/change.ts";
import { forgottenUpTo } from "../../platform/event-retention.ts";
import { table } from "../../platform/resource.ts";
import type { AuditContext } from "./context.ts";
import { isHeadDue } from "./head.ts";
import { rightIn } from "./rights.ts";

// Of each in one step: a commit and a file stay small, however long the loop was away.
const STEP = 500;
const KEPT_EVERY = 1_000;
/** Heads that stay in the store; the copy has all. */
const HEADS_KEPT = 10_000;

/** Up to which event rights were followed. */
const followed = table<{ readonly id: string; readonly upTo: number }>("auditfollowed");
const ID = "rights";

/** Writes down who lost or got back a right, whoever or whatever did it. */
export function followRights({ store, audit, auditing, log }: AuditContext): Loop {
  let upTo: number | undefined;
  return {
    name: "follow rights",
    every: SECOND,
    onError: (error) => log.error("loop failed", { loop: "follow rights", error }),
    step: async () => {
      const kept = (await store.get(followed, ID))?.upTo ?? 0;
      upTo = Math.max(upTo ?? kept, await forgottenUpTo(store));
      const events = await store.events(upTo, STEP);
      for (const event of events) {
        const draft = rightIn(event, auditing.revoking);
        // Together: after a crash none is written down twice.
        if (draft !== undefined) await audit.record(draft, put(followed, { id: ID, upTo: event.number }));
        upTo = event.number;
      }
      // Most events say nothing of rights: where they end is written down now and then only.
      if (upTo >= kept + KEPT_EVERY) await store.commit(put(followed, { id: ID, upTo }));
      return events.length === STEP ? "more" : "settled";
    },
  };
}

/** Brings the copy up to the log, and signs where that stands. */
export function copyAudit(context: AuditContext): Loop {
  const { log } = context;
  return {
    name: "copy the audit log",
    every: SECOND,
    onError: (error) => log.error("loop failed", { loop: "copy the audit log", error }),
    step: () => copyOn(context),
  };
}

async function copyOn(context: AuditContext): Promise<"settled" | "more"> {
  const { store, auditing, clock, generation } = context;
  const { copy, key } = auditing;
  const end = await copy.end();
  // Asked each time: a log whose end was changed or cut off must not go on unnoticed.
  copy.mustEndLike(await store.get(auditTable, idOf(end.number)), end);
  const { items, next } = await store.list(auditTable, { from: idOf(end.number + 1), limit: STEP });
  const last = items.at(-1);
  const place = last === undefined ? end : placeOf(last);
  const lines: CopyLine[] = items.map((entry) => ({ entry }));
  const state = { place, last: end.head, now: clock.now(), generation: generation() };
  // Signed when it is known to be in the copy: a head that is nowhere proves nothing.
  const head =
    next === undefined && isHeadDue(state)
      ? signHead({ number: place.number, hash: place.hash, at: state.now, generation: state.generation }, key)
      : undefined;
  if (head !== undefined) lines.push({ head });
  if (lines.length > 0) await copy.append(lines);
  if (head !== undefined) await store.commit(put(auditHeads, head), ...(await superfluous(context)));
  return next === undefined ? "settled" : "more";
}

async function superfluous({ store }: AuditContext) {
  const count = await store.count(auditHeads);
  if (count < HEADS_KEPT) return [];
  const { items } = await store.list(auditHeads, { limit: count - HEADS_KEPT + 1 });
  return items.map(({ id }) => removed(auditHeads, id));
}
