import { commandKinds, commandLife } from "@edgemere/protocol";
import { MINUTE, SECOND } from "@edgemere/protocol/kit";
import { device as deviceResource, type Device } from "../devices/contract.ts";
import { compileSelector, viewOf, zoneNameOf } from "../devices/selector-contract.ts";
import { command, type Command } from "../jobs/contract.ts";
import { alert } from "./alert-contract.ts";
import type { PoliciesContext } from "./context.ts";
import { beginsAt } from "./schedule-contract.ts";
import { silence } from "./silence-contract.ts";
import type { WatchedPolicy } from "./watched-policy.ts";

/** Why what a policy watches for is no surprise now, and when to look again. */
export interface Quiet {
  readonly reason: string;
  readonly until: number;
}

/** So long after an operation its device may still be coming to itself. */
const GRACE = 5 * MINUTE;
const AGAIN = 30 * SECOND;
/** The label that names the device behind which one stands, by its id or its name. */
const PARENT = "parent";
const NEWEST_COMMANDS = 5;

/** Undefined where it is one. */
export async function quietOf(
  policy: WatchedPolicy,
  row: Device,
  context: PoliciesContext,
): Promise<Quiet | undefined> {
  return offHours(policy, context.clock.now(), zoneNameOf(row)) ?? quietOn(policy.name, row, context);
}

/** Undefined within the hours of a policy. */
export function offHours({ row }: Pick<WatchedPolicy, "row">, now: number, zone?: string): Quiet | undefined {
  const until = row.schedule && beginsAt(row.schedule, now, zone);
  return until === undefined ? undefined : { reason: "outside the hours of the policy", until };
}

/** Why what happens on a device is no surprise now, whatever the hours of the policy. */
export async function quietOn(policy: string, row: Device, context: PoliciesContext): Promise<Quiet | undefined> {
  const now = context.clock.now();
  return (
    (await silencedBy(policy, row, now, context)) ??
    (await operatedOn(row, now, context)) ??
    (await behindParent(row, now, context))
  );
}

async function silencedBy(
  policy: string,
  row: Device,
  now: number,
  { store }: PoliciesContext,
): Promise<Quiet | undefined> {
  for await (const each of store.scan(silence, { index: "active" })) {
    if (each.from > now || each.until <= now || (each.policy ?? policy) !== policy) continue;
    if (each.selector !== "" && !compileSelector(each.selector).matches(viewOf(row))) continue;
    return { reason: `${each.author} said so: ${each.reason}`, until: each.until };
  }
  return undefined;
}

/** Somebody has the device do something that may disturb it, or had until a moment ago. What a policy has it do holds back no alert. */
async function operatedOn({ id }: Device, now: number, { store }: PoliciesContext): Promise<Quiet | undefined> {
  const { items } = await store.list(command, { index: "device", prefix: [id], reverse: true, limit: NEWEST_COMMANDS });
  const found = items.find((each) => isDisturbing(each) && (isUnderWay(each) || endedAt(each) + GRACE > now));
  if (found === undefined) return undefined;
  const reason = `${found.kind} of job ${found.job} ${isUnderWay(found) ? "is under way" : "has just ended"}`;
  return { reason, until: isUnderWay(found) ? now + AGAIN : endedAt(found) + GRACE };
}

const isDisturbing = ({ kind, author }: Command): boolean =>
  commandKinds[kind].dangerous && kind !== "terminal.open" && !author.startsWith("policy:");
const isUnderWay = ({ state }: Command): boolean => state === "offered" || state === "journaled" || state === "running";
/** One that never reached its device ended without disturbing it. */
const endedAt = ({ state, updatedAt }: Command): number =>
  commandLife.isFinal(state) && state !== "expired" && state !== "cancelled" && state !== "rejected"
    ? updatedAt
    : -Infinity;

/** The device that it stands behind is the one to look after. */
async function behindParent(row: Device, now: number, context: PoliciesContext): Promise<Quiet | undefined> {
  const { store, watch } = context;
  const named = row.labels[PARENT];
  if (named === undefined) return undefined;
  const [byName] = (await store.list(deviceResource, { index: "name", prefix: [named], limit: 1 })).items;
  const parent = byName ?? (await store.get(deviceResource, named));
  if (parent === undefined || parent.id === row.id) return undefined;
  const { byName: policies } = await watch.policies(context);
  for await (const each of store.scan(alert, { index: "open", prefix: [parent.id] }))
    if (each.state === "firing" && policies.get(each.policy)?.row.coversChildren === true)
      return { reason: `${each.policy} fires on ${parent.name}, behind which it stands`, until: now + AGAIN };
  return undefined;
}
