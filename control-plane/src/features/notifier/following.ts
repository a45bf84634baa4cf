import { SECOND, type Loop } from "@edgemere/protocol/kit";
import { created, put, removed, updated, type Change } from "../../platform/change.ts";
import type { DomainEvent } from "../../platform/domain-event.ts";
import { EventPosition } from "../../platform/event-position.ts";
import type { Store } from "../../platform/store.ts";
import { device } from "../devices/contract.ts";
import { policy, type Alert } from "../policies/contract.ts";
import type { NotifierContext } from "./context.ts";
import { contact } from "./contract.ts";
import { notice, tellable, type Told } from "./notice-contract.ts";
import { followed, hearingId, hearings, type Hearing } from "./tables.ts";
import { changeToTell, parcels, type Happened, type Telling } from "./telling.ts";

/** Makes notices of what happens to alerts, in the order in which it happened. They land in one commit with the position, so each change is told once. */
export function followAlerts(context: NotifierContext): Loop {
  // What happened before anybody could be told is told to nobody.
  const position = new EventPosition({ store: context.store, table: followed, id: "events" });
  return {
    name: "make notices of alerts",
    every: SECOND,
    onError: (error) => context.log.error("loop failed", { loop: "make notices of alerts", error }),
    step: () =>
      position.follow(async (events) => {
        const happened = events.flatMap((event) => {
          const what = happenedIn(event);
          return what === undefined ? [] : [{ event, what }];
        });
        return happened.length === 0 ? undefined : noticesOf(happened, context);
      }),
  };
}

interface Happening {
  readonly event: DomainEvent;
  readonly what: Happened;
}

const words: ReadonlySet<string> = new Set([...tellable, "destroy"]);

function happenedIn({ type }: DomainEvent): Happened | undefined {
  const [name, word = ""] = type.split(".");
  return name === "alert" && words.has(word) ? (word as Happened) : undefined;
}

async function noticesOf(happened: readonly Happening[], context: NotifierContext): Promise<readonly Change[]> {
  const heard = new Map<string, Hearing | undefined>();
  const tellings = new Map<string, Telling[]>();
  for (const { event, what } of happened) {
    const row = event.data as unknown as Alert;
    for (const name of await listenersOf(row, what, heard, context.store)) {
      const id = hearingId(name, row.id);
      const before = heard.has(id) ? heard.get(id) : await context.store.get(hearings, id);
      const change = changeToTell(what, before?.change);
      if (change === undefined) continue;
      heard.set(id, change === "resolved" ? undefined : { id, contact: name, alert: row.id, change });
      const told = await toldOf(row, change, event.at, context.store);
      tellings.set(name, [...(tellings.get(name) ?? []), { number: event.number, told }]);
    }
  }
  const notices = await Promise.all([...tellings].map(([name, all]) => queued(name, all, context)));
  const remembered = [...heard].map(([id, row]) => (row === undefined ? removed(hearings, id) : put(hearings, row)));
  return [...notices.flat(), ...remembered];
}

/** Who may have to hear of it: of what begins whoever the policy names now, of its end whoever heard of its beginning. */
async function listenersOf(
  row: Alert,
  what: Happened,
  heard: ReadonlyMap<string, Hearing | undefined>,
  store: Store,
): Promise<readonly string[]> {
  if (what === "resolved" || what === "destroy") {
    const { items } = await store.list(hearings, { index: "alert", prefix: [row.id] });
    const now = [...heard.values()].filter((each) => each?.alert === row.id);
    return [...new Set([...items, ...now].flatMap((each) => (each === undefined ? [] : [each.contact])))];
  }
  const { effects = [] } = (await store.get(policy, row.policy)) ?? {};
  return [...new Set(effects.flatMap((each) => (each.do === "notify" ? each.contacts : [])))];
}

async function toldOf(row: Alert, change: Told["change"], at: number, store: Store): Promise<Told> {
  const { id: alert, device: where = "", group, policy, severity, since, episode, reason, looked } = row;
  const name = group ?? (await store.get(device, where))?.name ?? "";
  const about = { device: where, ...(group !== undefined && { group }), name };
  return { alert, change, at, since, episode, policy, severity, ...about, reason, looked: [...looked] };
}

/** Joins what waits and was not tried yet: what was tried once must stay what it was. */
async function queued(
  name: string,
  tellings: readonly Telling[],
  context: NotifierContext,
): Promise<readonly Change[]> {
  const { store, clock, newId, log, notifier } = context;
  const to = await store.get(contact, name);
  if (to === undefined) {
    // It was destroyed in the moment in which a policy named it.
    log.warn("nobody is told: there is no such contact", { contact: name, alerts: tellings.length });
    return [];
  }
  const [last] = (await store.list(notice, { index: "waiting", prefix: [name], reverse: true, limit: 1 })).items;
  const open = last !== undefined && last.attempts === 0 && last.told.length > 0 ? last : undefined;
  const now = clock.now();
  return parcels(open, tellings).map(({ place, told }, i) => {
    if (open !== undefined && i === 0) return updated(notice, open, { told: [...told] });
    const times = { dueAt: now + to.groupFor * SECOND, giveUpAt: now + notifier.tryFor };
    return created(notice, newId(), { contact: name, told: [...told], place, attempts: 0, answer: "", ...times });
  });
}
