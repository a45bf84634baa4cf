import { MINUTE, SECOND, type Loop } from "@edgemere/protocol/kit";
import { put } from "../../platform/change.ts";
import type { DomainEvent } from "../../platform/domain-event.ts";
import { repeatOnConflict } from "../../platform/repeat.ts";
import { alert } from "./alert-contract.ts";
import type { PoliciesContext } from "./context.ts";
import { isConfiguring } from "./effect-contract.ts";
import { settle } from "./settings.ts";
import { deviceSettings } from "./settings-table.ts";
import { followed } from "./tables.ts";

const POSITION = "settings";
const EVENTS = 500;
const PASSED_BEFORE_SAVING = 1_000;
/** What could not be asked for is asked for again; who may ask may have changed. */
const AGAIN = 5 * MINUTE;

/**
 * Keeps the settings of devices as their alerts want them, and puts them back: follows what happens to alerts, policies and commands from a kept
 * position, so that whatever dies in between, what an alert wants is asked for, and taken back when it is over.
 */
export function keepSettings(context: PoliciesContext): Loop {
  const { store, log, watch, clock } = context;
  let lookedAtAll = -Infinity;
  /** Up to which event nothing was wanted and nothing is to be put back; undefined while something may be. */
  let idleUpTo: number | undefined;
  return {
    name: "keep settings that policies want",
    every: SECOND,
    onError: (error) => log.error("loop failed", { loop: "keep settings that policies want", error }),
    step: async () => {
      const isWanted = (await watch.policies(context)).all.some(({ row }) => row.effects?.some(isConfiguring));
      if (isWanted) idleUpTo = undefined;
      if (idleUpTo !== undefined && store.lastNumber - idleUpTo <= PASSED_BEFORE_SAVING) return "settled";
      const saved = await store.get(followed, POSITION);
      const position = saved?.number ?? store.lastNumber;
      if (!isWanted && (await store.list(deviceSettings, { limit: 1 })).items.length === 0) {
        idleUpTo = store.lastNumber;
        await store.commit(put(followed, { id: POSITION, number: idleUpTo }));
        return "settled";
      }
      const events = await store.events(position, EVENTS);
      const devices = new Set<string>();
      for (const event of events) for (const id of await devicesOf(event, context)) devices.add(id);
      if (lookedAtAll + AGAIN <= clock.now()) {
        for await (const { id } of store.scan(deviceSettings)) devices.add(id);
        lookedAtAll = clock.now();
      }
      for (const id of devices) await repeatOnConflict(() => settle(id, context));
      const number = events.at(-1)?.number ?? position;
      if (saved === undefined || number > position) await store.commit(put(followed, { id: POSITION, number }));
      return events.length === EVENTS ? "more" : "settled";
    },
  };
}

/** The devices whose settings an event may change. */
async function devicesOf({ type, subject, data }: DomainEvent, { store }: PoliciesContext): Promise<readonly string[]> {
  const isConfiguring = data["kind"] === "configure";
  // An alert of a group is of no one device, and sets nothing.
  if (type.startsWith("alert.") || (isConfiguring && type.startsWith("command.")))
    return typeof data["device"] === "string" ? [data["device"]] : [];
  if (isConfiguring && type.startsWith("job.")) return data["devices"] as readonly string[];
  if (!type.startsWith("policy.")) return [];
  const devices: string[] = [];
  for await (const { device, state } of store.scan(alert, { index: "policy", prefix: [subject] }))
    if (device !== undefined && state !== "resolved") devices.push(device);
  for await (const { id } of store.scan(deviceSettings)) devices.push(id);
  return devices;
}
