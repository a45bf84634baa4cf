import { MINUTE, SECOND, type Loop } from "@edgemere/protocol/kit";
import type { DomainEvent } from "../../platform/domain-event.ts";
import { EventPosition } from "../../platform/event-position.ts";
import { repeatOnConflict } from "../../platform/repeat.ts";
import { alert } from "./alert-contract.ts";
import type { PoliciesContext } from "./context.ts";
import { isConfiguring } from "./effect-contract.ts";
import { settle } from "./settings.ts";
import { deviceSettings } from "./settings-table.ts";
import { followed } from "./tables.ts";

/** What could not be asked for is asked for again; who may ask may have changed. */
const AGAIN = 5 * MINUTE;

/**
 * Keeps the settings of devices as their alerts want them, and puts them back: follows what happens to alerts, policies and commands from a kept
 * position, so that whatever dies in between, what an alert wants is asked for, and taken back when it is over.
 */
export function keepSettings(context: PoliciesContext): Loop {
  const { store, log, watch, clock } = context;
  const position = new EventPosition({ store, table: followed, id: "settings" });
  let lookedAtAll = -Infinity;
  return {
    name: "keep settings that policies want",
    every: SECOND,
    onError: (error) => log.error("loop failed", { loop: "keep settings that policies want", error }),
    step: async () => {
      const isWanted = (await watch.policies(context)).all.some(({ row }) => row.effects?.some(isConfiguring));
      if (!isWanted && (await store.list(deviceSettings, { limit: 1 })).items.length === 0) return position.pass();
      return position.follow(async (events) => {
        const devices = new Set<string>();
        for (const event of events) for (const id of await devicesOf(event, context)) devices.add(id);
        if (lookedAtAll + AGAIN <= clock.now()) {
          for await (const { id } of store.scan(deviceSettings)) devices.add(id);
          lookedAtAll = clock.now();
        }
        for (const id of devices) await repeatOnConflict(() => settle(id, context));
        return devices.size > 0 ? [] : undefined;
      });
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
