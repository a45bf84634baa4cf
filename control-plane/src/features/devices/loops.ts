import { DAY, HOUR, MINUTE, SECOND, type Loop } from "@edgemere/protocol/kit";
import { destroyed, moved, removed, replaced, updated } from "../../platform/change.ts";
import { unlessMoved } from "../../platform/repeat.ts";
import { certificate } from "./certificate-contract.ts";
import { device, type Device } from "./contract.ts";
import { token } from "./token-contract.ts";
import type { DevicesContext } from "./context.ts";
import { presenceOf, sighted, sightInTime } from "./presence.ts";
import { texts } from "./issuing.ts";
import { Stillness } from "./stillness.ts";
import { factChanges, traceOf, traces } from "./tables.ts";

/** Healthy devices are looked at this often only: there may be many. */
const ONLINE_LOOKED_AT_EVERY = 5 * SECOND;

/**
 * Calls devices silent that have no session any more, and offline when they do not come back; ends flapping that has calmed.
 * After a restart of the control plane devices have time to come back. In between, the will of one that just left may
 * still be on its way.
 */
function lookAfterPresence(context: DevicesContext): Loop {
  const { clock, log } = context;
  const stillness = { silent: new Stillness(), online: new Stillness(), flapping: new Stillness() };
  let onlineLookedAt = -Infinity;
  return {
    name: "look after presence",
    every: SECOND,
    onError: (error) => log.error("loop failed", { loop: "look after presence", error }),
    step: async () => {
      const now = clock.monotonic();
      const isOnlineDue = now - onlineLookedAt >= ONLINE_LOOKED_AT_EVERY;
      if (isOnlineDue) onlineLookedAt = now;
      for (const presence of isOnlineDue ? (["silent", "online", "flapping"] as const) : (["silent"] as const))
        await lookAfter(presence, stillness[presence], now, context);
      return "settled";
    },
  };
}

async function lookAfter(
  presence: Device["presence"],
  stillness: Stillness,
  now: number,
  { store, clock, link }: DevicesContext,
): Promise<void> {
  const looked = new Set<string>();
  for await (const row of store.scan(device, { index: "presence", prefix: [presence] })) {
    const hasSession = link.session(row.id) !== undefined;
    if (hasSession && presence !== "flapping") continue;
    looked.add(row.id);
    const trace = await traceOf(store, row);
    // A device that comes or goes anew is not still, and neither is one that came back and went again unseen.
    const mark = `${row.presenceAt} ${trace.changes.at(-1) ?? 0} ${presence === "flapping" ? "" : trace.epoch}`;
    const sight = sightInTime(presence, { hasSession, ...stillness.of(row.id, mark, now) });
    if (sight === undefined) continue;
    const at = clock.now();
    const seen = { ...trace, ...sighted(trace, sight, at), version: trace.version + 1 };
    const after = presence === "flapping" ? { ...seen, changes: [] } : seen;
    const shown = presence === "flapping" ? sight : presenceOf(presence, after, at);
    await store
      .commit(replaced(traces, after, trace.version), updated(device, row, { presence: shown, presenceAt: at }, shown))
      .catch(unlessMoved);
  }
  stillness.keep(looked);
}

const expireTokens = ({ store, clock, log }: DevicesContext): Loop => ({
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

const HISTORY_KEPT_FOR = 365 * DAY;
// Changes that one step forgets: a commit stays small, however long the loop was away.
const STEP = 500;

const forgetOldHistory = ({ store, clock, log, retention }: DevicesContext): Loop => ({
  name: "forget old inventory history",
  every: HOUR,
  onError: (error) => log.error("loop failed", { loop: "forget old inventory history", error }),
  step: async () => {
    const before = clock.now() - (retention?.inventoryHistory ?? HISTORY_KEPT_FOR);
    // Their ids are in the order in which they came.
    const { items } = await store.list(factChanges, { limit: STEP });
    const old = items.filter(({ at }) => at < before);
    await store.commit(...old.map(({ id }) => removed(factChanges, id)));
    return old.length === STEP ? "more" : "settled";
  },
});

/** So long after its end a certificate is still told of: who shows it later is refused for its date alone. */
const CERTIFICATES_KEPT_FOR = 90 * DAY;

export const forgetOldCertificates = ({
  store,
  clock,
  log,
}: Pick<DevicesContext, "store" | "clock" | "log">): Loop => ({
  name: "forget old certificates",
  every: HOUR,
  onError: (error) => log.error("loop failed", { loop: "forget old certificates", error }),
  step: async () => {
    for await (const row of store.scan(certificate, { index: "end" })) {
      if (row.notAfter >= clock.now() - CERTIFICATES_KEPT_FOR) break;
      // The newest one says how far its device came, for as long as that is a device.
      const holder = await store.get(device, row.device);
      if (holder?.certificate.serial !== row.id || holder.state === "retired")
        await store.commit(destroyed(certificate, row), removed(texts, row.id)).catch(unlessMoved);
    }
    return "settled";
  },
});

/** All that goes on by itself. */
export const loops = [lookAfterPresence, expireTokens, forgetOldHistory, forgetOldCertificates] as const;
