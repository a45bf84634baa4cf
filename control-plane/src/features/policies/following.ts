import { SECOND, type Loop } from "@edgemere/protocol/kit";
import { put, type Change } from "../../platform/change.ts";
import type { DomainEvent } from "../../platform/domain-event.ts";
import { EventPosition } from "../../platform/event-position.ts";
import { repeatOnConflict } from "../../platform/repeat.ts";
import type { Device } from "../devices/contract.ts";
import type { PoliciesContext } from "./context.ts";
import { count } from "./counted-events.ts";
import { evaluated } from "./evaluating.ts";
import { memberSelectorOf } from "./group-members.ts";
import type { GroupWatch } from "./group-watch.ts";
import { putOff } from "./receives.ts";
import { followed, happenings } from "./tables.ts";
import { isOnDevice, type WatchedPolicy } from "./watched-policy.ts";

const PACK = "policy.pack";

/**
 * Looks at devices when something about them changed, and counts events that policies count: in the order in which they happened, each at least
 * once. What telemetry says is looked at when it comes.
 */
export function followEvents(context: PoliciesContext): Loop {
  const { store, log, watch } = context;
  // What happened before anybody watched says nothing.
  const position = new EventPosition({ store, table: followed, id: "events" });
  return {
    name: "follow events for policies",
    every: SECOND,
    onError: (error) => log.error("loop failed", { loop: "follow events for policies", error }),
    step: async () => {
      const { all, groups, events: counted } = await watch.policies(context);
      if (all.length === 0 && groups.policies.length === 0) {
        await position.pass();
        // Afterwards: what is looked at from now on is newer than what was passed.
        watch.forgetDevices();
        return "settled";
      }
      return position.follow(async (events) => {
        for (const event of newestOfDevices(events)) await repeatOnConflict(() => follow(event, context));
        return events.some((each) => isOfDevice(each) || counted.has(each.type)) ? [] : undefined;
      });
    },
  };
}

/** Of a device that changed several times only the last change counts; other events count each. */
function newestOfDevices(events: readonly DomainEvent[]): readonly DomainEvent[] {
  const newest = new Map(events.filter(isOfDevice).map(({ subject, number }) => [subject, number]));
  return events.filter((event) => !isOfDevice(event) || newest.get(event.subject) === event.number);
}

const isOfDevice = ({ type }: DomainEvent): boolean => type === "device.create" || type === "device.updated";

async function follow(event: DomainEvent, context: PoliciesContext): Promise<void> {
  const { store, watch } = context;
  const { all, events, groups } = await watch.policies(context);
  if (event.type.startsWith("adevice.")) await regroup(event, groups, context);
  const isCounted = events.has(event.type);
  // What an author may do decides what devices do by themselves.
  if (event.type === "user.updated" && all.some(({ row }) => isOnDevice(row) && row.account === event.subject))
    watch.packsLookedUpTo = "";
  // How the command that brings a pack ended.
  if (event.type.startsWith("command.") && event.data["kind"] === PACK)
    for (const id of devicesOf(event)) watch.lookAtPack(id);
  if (!isOfDevice(event) && !isCounted) return;
  for (const id of devicesOf(event)) {
    const was = await watch.known(id, context);
    if (was === undefined) continue;
    if (isOfDevice(event)) {
      const before = was.policies;
      const known = await watch.changed(was, event.data as unknown as Device, context);
      // Those too that watch it no more: their alerts are over.
      await store.commit(...(await evaluated(known, [...new Set([...before, ...known.policies])], context)));
      putOff(known, context);
      watch.asked.add([], groups.take(known, context.clock.now()));
      watch.lookAtPack(id);
      if (known.row.state === "retired") watch.forgetDevice(id);
    }
    if (isCounted) await take(event, id, context);
  }
}

/** Which devices an aggregated device has is looked at anew where somebody changed it. */
async function regroup({ subject }: DomainEvent, { policies }: GroupWatch, context: PoliciesContext): Promise<void> {
  const concerned = policies.find(({ per }) => per.of === "adevice" && per.name === subject);
  if (concerned === undefined) return;
  const selector = await memberSelectorOf(concerned.row, context);
  if (selector !== concerned.memberSelector) context.watch.forget();
}

async function take(event: DomainEvent, id: string, context: PoliciesContext): Promise<void> {
  const { store, watch } = context;
  const known = await watch.known(id, context);
  // What is retired is counted nowhere.
  if (known === undefined || known.row.state === "retired") return;
  const { events, groups } = await watch.policies(context);
  const { type, number, at } = event;
  count(known.events, events, event);
  const counting = (each: WatchedPolicy) => each.condition.events.some((counted) => counted.type === type);
  const changes: readonly Change[] = await evaluated(known, known.policies.filter(counting), context);
  watch.asked.add([], groups.take(known, context.clock.now()));
  await store.commit(put(happenings, { id: `${id}/${number}`, device: id, type, number, at }), ...changes);
}

/** Devices that an event tells of. */
export function devicesOf({ type, subject, data }: DomainEvent): readonly string[] {
  if (type.startsWith("device.")) return [subject];
  const { device, devices } = data;
  if (typeof device === "string") return [device];
  return Array.isArray(devices) ? devices.filter((each): each is string => typeof each === "string") : [];
}
