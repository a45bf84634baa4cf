import { commandKinds, type Disturbance } from "@edgemere/protocol";
import { MINUTE, SECOND } from "@edgemere/protocol/kit";
import type { PolicyCondition } from "@edgemere/protocol/policy";
import { device as deviceResource, type Device } from "../devices/contract.ts";
import { compileSelector, viewOf, zoneNameOf } from "../devices/selector-contract.ts";
import { command } from "../jobs/contract.ts";
import { disturbsUntil } from "../jobs/disturbing-contract.ts";
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

/** A policy, about a device or a group. */
interface Quieted {
  readonly name: string;
  readonly condition: Pick<PolicyCondition, "metrics" | "events">;
}

/** Undefined where it is one. */
export async function quietOf(
  policy: WatchedPolicy,
  row: Device,
  context: PoliciesContext,
): Promise<Quiet | undefined> {
  return offHours(policy, context.clock.now(), zoneNameOf(row)) ?? quietOn(policy, row, context);
}

/** Undefined within the hours of a policy. */
export function offHours({ row }: Pick<WatchedPolicy, "row">, now: number, zone?: string): Quiet | undefined {
  const until = row.schedule && beginsAt(row.schedule, now, zone);
  return until === undefined ? undefined : { reason: "outside the hours of the policy", until };
}

/** Why what happens on a device is no surprise now, whatever the hours of the policy. */
export async function quietOn(policy: Quieted, row: Device, context: PoliciesContext): Promise<Quiet | undefined> {
  const now = context.clock.now();
  return (
    (await silencedBy(policy.name, row, now, context)) ??
    (await operatedOn(policy, row, now, context)) ??
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

/** Somebody has the device do something that disturbs what the policy looks at, or had until a moment ago. */
async function operatedOn(
  { condition }: Quieted,
  { id }: Device,
  now: number,
  { store }: PoliciesContext,
): Promise<Quiet | undefined> {
  for await (const row of store.scan(command, { index: "disturbing", prefix: [id], reverse: true })) {
    const until = disturbsUntil(row) ?? -Infinity;
    if (until + GRACE <= now) return undefined;
    if (!isDisturbedBy(condition, commandKinds[row.kind].disturbs)) continue;
    const isUnderWay = until === Infinity;
    const reason = `${row.kind} of job ${row.job} ${isUnderWay ? "is under way" : "has just ended"}`;
    return { reason, until: isUnderWay ? now + AGAIN : until + GRACE };
  }
  return undefined;
}

/** Of what it looks at beside that, nothing is excused. */
function isDisturbedBy({ metrics, events }: Quieted["condition"], disturbs: Disturbance): boolean {
  if (disturbs === "all") return true;
  const isDisturbed = (metric: string) => disturbs.some((each) => metric.startsWith(each));
  return metrics.size > 0 && events.length === 0 && [...metrics].every(isDisturbed);
}

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
