import type { Judgement } from "@edgemere/protocol/policy";
import type { Change } from "../../platform/change.ts";
import { alert, groupAlertId, type Alert } from "./alert-contract.ts";
import type { PoliciesContext } from "./context.ts";
import { decided, ended, missingOf, opens } from "./evaluating.ts";
import type { GroupPolicy } from "./group-policy.ts";
import { quietOfGroup } from "./group-quiet.ts";
import { keyOf, numbersOf, type GroupWatch, type Place } from "./group-watch.ts";
import type { Group } from "./groups.ts";

/**
 * What becomes of the alert of a group: looks and decides, as for a device. A group that has no device any more is none: its alert is over.
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
  const missingAt = missingOf(policy, () => group.newestAt, context);
  if (missingAt !== undefined && missingAt > now) groups.silence.set(key, missingAt);
  if (!groups.open.has(key) && !opens(judgement, missingAt, now)) return [];
  const quiet = () => quietOfGroup({ policy, group, judgement }, groups, context);
  return decided(
    { policy, about: { group: group.name }, judgement, missingAt, quiet, open: groups.open, key },
    context,
  );
}

/** What the condition of a policy says of a group now. */
export function judged(policy: GroupPolicy, group: Group, { watch, clock }: PoliciesContext): Judgement {
  watch.evaluated.add([]);
  const now = clock.now();
  return policy.condition.judge(numbersOf(group, policy, { now, since: watch.since(now) }));
}

/** Whether an alert is of a group that there is. */
export const isOfGroup = ({ policy, group }: Alert, groups: GroupWatch): boolean =>
  group !== undefined && groups.of(policy)?.find(group) !== undefined;
