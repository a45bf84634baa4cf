import { DAY, HOUR, SECOND, type Loop } from "@edgemere/protocol/kit";
import { destroyed, removed } from "../../platform/change.ts";
import { unlessMoved } from "../../platform/repeat.ts";
import { device } from "../devices/contract.ts";
import { alert, type Alert } from "./alert-contract.ts";
import type { PoliciesContext } from "./context.ts";
import { ended, evaluated } from "./evaluating.ts";
import { putOff } from "./receives.ts";
import { happenings, unnoted } from "./tables.ts";
import { watches } from "./watched-policy.ts";

/** Rows that one step looks at: nobody else waits for long. */
const STEP = 200;
const RESOLVED_KEPT_FOR = 30 * DAY;
const COUNTED_FOR = DAY;

/** Looks at alerts again that time alone may change, and at devices that have been silent for too long. */
export function lookAfterAlerts(context: PoliciesContext): Loop {
  const { store, clock, log, watch } = context;
  return {
    name: "look after alerts",
    every: SECOND,
    onError: (error) => log.error("loop failed", { loop: "look after alerts", error }),
    step: async () => {
      const now = clock.now();
      const { items } = await store.list(alert, { index: "due", limit: STEP });
      const due = items.filter(({ dueAt = Infinity }) => dueAt <= now);
      for (const row of due) await lookAgain(row, context).catch(unlessMoved);
      await waitForSilence(context);
      for (const id of watch.silence.take(now)) await lookAtSilence(id, context);
      return due.length === STEP ? "more" : "settled";
    },
  };
}

async function lookAgain(row: Alert, context: PoliciesContext): Promise<void> {
  const { store, clock, watch } = context;
  const { byName, groups } = await watch.policies(context);
  if (row.group !== undefined) return groups.lookAt({ policy: row.policy, group: row.group });
  const known = row.device === undefined ? undefined : await watch.known(row.device, context);
  const found = byName.get(row.policy);
  if (found !== undefined && known !== undefined) known.open.add(row.policy);
  const changes =
    found === undefined || known === undefined ? ended(row, clock.now()) : await evaluated(known, [found], context);
  await store.commit(...changes);
}

/** After a start, and after a policy that tells of silence changed, each device gets its whole time: nobody looked before. */
async function waitForSilence(context: PoliciesContext): Promise<void> {
  const { store, clock, watch } = context;
  if (watch.isSilenceKnown) return;
  watch.isSilenceKnown = true;
  const waiting = (await watch.policies(context)).all.filter(({ noData }) => noData !== undefined);
  if (waiting.length === 0) return;
  for await (const row of store.scan(device)) {
    const times = waiting.flatMap((each) => (each.noData !== undefined && watches(each, row) ? [each.noData] : []));
    if (times.length > 0) watch.silence.set(row.id, clock.now() + Math.min(...times));
  }
}

async function lookAtSilence(id: string, context: PoliciesContext): Promise<void> {
  const { store, watch, log } = context;
  try {
    const known = await watch.known(id, context);
    if (known === undefined) return;
    const waiting = known.policies.filter(({ noData }) => noData !== undefined);
    await store.commit(...(await evaluated(known, waiting, context)));
    putOff(known, context);
  } catch (error) {
    // One device must not keep the others from being looked at; this one is looked at again.
    watch.silence.set(id, context.clock.now() + SECOND);
    log.debug("a silent device will be looked at again", { device: id, error });
  }
}

/** Forgets alerts that were over long ago, and events that are counted no more. */
export const forgetOldAlerts = ({ store, clock, log }: PoliciesContext): Loop => ({
  name: "forget old alerts",
  every: HOUR,
  onError: (error) => log.error("loop failed", { loop: "forget old alerts", error }),
  step: async () => {
    const now = clock.now();
    const over = await store.list(alert, { index: "ended", limit: STEP });
    const old = over.items.filter(({ updatedAt }) => updatedAt < now - RESOLVED_KEPT_FOR);
    for (const row of old) await store.commit(destroyed(alert, row), ...unnoted(row)).catch(unlessMoved);
    const counted = await store.list(happenings, { index: "age", limit: STEP });
    const past = counted.items.filter(({ at }) => at < now - COUNTED_FOR);
    await store.commit(...past.map(({ id }) => removed(happenings, id)));
    return old.length === STEP || past.length === STEP ? "more" : "settled";
  },
});
