import { nextOf, type Judgement } from "@edgemere/protocol/policy";
import type { Change } from "../../platform/change.ts";
import { alert, groupAlertId, type Alert } from "./alert-contract.ts";
import type { PoliciesContext } from "./context.ts";
import { isAskedFor } from "./effect-contract.ts";
import { begun, changesOf, ended, LOOKED_AT_MOST, missingWords, type Told } from "./evaluating.ts";
import type { GroupPolicy } from "./group-policy.ts";
import { quietOfGroup } from "./group-quiet.ts";
import { keyOf, numbersOf, type GroupWatch, type Place } from "./group-watch.ts";
import type { Group } from "./groups.ts";
import { stillSaid } from "./opening.ts";

/**
 * What becomes of the alert of a group: looks and decides, as for a device. The alert's row is read only where there is something to decide. A
 * group that has no device any more is none: its alert is over.
 */
export async function decidedOfGroup(
  place: Place,
  groups: GroupWatch,
  context: PoliciesContext,
): Promise<readonly Change[]> {
  const { store, clock } = context;
  const now = clock.now();
  const id = groupAlertId(place.policy, place.group);
  const policy = groups.byName.get(place.policy);
  const group = groups.of(place.policy)?.find(place.group);
  const key = keyOf(place);
  if (policy === undefined || group === undefined) {
    const row = await store.get(alert, id);
    groups.open.delete(key);
    return row === undefined ? [] : ended(row, now);
  }
  const judgement = judged(policy, group, context);
  const missingAt = missingOfGroup(policy, group, context);
  const isMissing = judgement.verdict === "unknown" && missingAt !== undefined && missingAt <= now;
  if (missingAt !== undefined && missingAt > now) groups.silence.set(key, missingAt);
  if (judgement.verdict !== "met" && !isMissing && !groups.open.has(key)) return [];
  const row = await store.get(alert, id);
  const quiet = await quietOfGroup({ policy, group, judgement }, groups, context);
  const next = nextOf(row, {
    now,
    verdict: judgement.verdict,
    for: policy.for,
    keepFiringFor: policy.keepFiringFor,
    missingAt,
    quiet,
  });
  const isOpen = row !== undefined && row.state !== "resolved";
  if (next.do === "move" || isOpen) groups.open.add(key);
  if (next.do === "stay" && !isOpen) groups.open.delete(key);
  const isStarving = next.do === "move" && next.signal === "starve";
  const told: Told = {
    now,
    looked: judgement.looked.slice(0, LOOKED_AT_MOST),
    reason: isStarving ? missingWords(judgement.looked) : (quiet?.reason ?? ""),
    acts: (policy.row.effects ?? []).some(isAskedFor),
  };
  const still = next.do === "move" && !isOpen ? [await stillSaid(policy.row, context)] : [];
  if (row !== undefined) return [...changesOf(row, next, told), ...still];
  return next.do === "move" ? [...begun(policy, { group: group.name }, next, told), ...still] : [];
}

/** What the condition of a policy says of a group now. */
export function judged(policy: GroupPolicy, group: Group, { watch, clock }: PoliciesContext): Judgement {
  watch.evaluated.add([]);
  const now = clock.now();
  return policy.condition.judge(numbersOf(group, policy, { now, since: watch.since(now) }));
}

/** When a lack of what a policy needs counts; undefined where it never does. */
function missingOfGroup({ noData, row }: GroupPolicy, { newestAt }: Group, { watch, clock }: PoliciesContext) {
  return noData === undefined ? undefined : Math.max(newestAt, watch.since(clock.now()), row.updatedAt) + noData;
}

/** Whether an alert is of a group that there is. */
export const isOfGroup = ({ policy, group }: Alert, groups: GroupWatch): boolean =>
  group !== undefined && groups.of(policy)?.find(group) !== undefined;
