import { SECOND } from "@edgemere/protocol/kit";
import type { Judgement } from "@edgemere/protocol/policy";
import type { PoliciesContext } from "./context.ts";
import type { GroupPolicy } from "./group-policy.ts";
import { numbersOf, keyOf, type GroupWatch } from "./group-watch.ts";
import { isDeciding, without } from "./group-rest.ts";
import type { Group, Groups } from "./groups.ts";
import { offHours, quietOn, type Quiet } from "./quiet.ts";

/** Devices that are looked at, at most: where more than that decide somebody wants to know. */
const DEVICES_AT_MOST = 1_000;
const AGAIN = 30 * SECOND;

interface Judged {
  readonly policy: GroupPolicy;
  readonly group: Group;
  readonly judgement: Judgement;
}

/**
 * Why what holds for a group is no surprise now: it is outside the policy's hours, or would not hold without the devices on which it is none, by a
 * silence, by what somebody has them do or by what they stand behind. Undefined where it is one.
 */
export async function quietOfGroup(
  { policy, group, judgement }: Judged,
  groups: GroupWatch,
  context: PoliciesContext,
): Promise<Quiet | undefined> {
  const now = context.clock.now();
  const off = offHours(policy, now);
  if (off !== undefined) return off;
  const all = groups.of(policy.name);
  if (judgement.verdict !== "met" || all === undefined) return undefined;
  const key = keyOf({ policy: policy.name, group: group.name });
  const seen = groups.quiet.get(key);
  if (seen !== undefined && seen.until > now) return seen.quiet;
  const found = await quietDevices(policy, group, all, context);
  const rest = { ...group, ...without(found.keys(), policy, group, all) };
  const isSurprise =
    found.size === 0 ||
    (rest.members.size > 0 &&
      policy.condition.judge(numbersOf(rest, policy, { now, since: context.watch.since(now) })).verdict === "met");
  const [first] = found.values();
  const until = Math.min(now + AGAIN, ...[...found.values()].map((each) => each.until));
  const devices = found.size === 1 ? "one of its devices" : `${found.size} of its devices`;
  const quiet = isSurprise
    ? undefined
    : { reason: `it would not hold without ${devices}: ${first?.reason ?? ""}`, until };
  groups.quiet.set(key, { quiet, until });
  return quiet;
}

/** Those that decide and on which nothing is a surprise, with why. */
async function quietDevices(policy: GroupPolicy, { members }: Group, groups: Groups, context: PoliciesContext) {
  const found = new Map<string, Quiet>();
  let looked = 0;
  for (const id of members) {
    if (!isDeciding(policy, groups, id)) continue;
    if (looked++ >= DEVICES_AT_MOST) break;
    const known = await context.watch.known(id, context);
    const quiet = known && (await quietOn(policy, known.row, context));
    if (quiet !== undefined) found.set(id, quiet);
  }
  return found;
}
