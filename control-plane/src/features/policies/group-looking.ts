import type { Judgement } from "@edgemere/protocol/policy";
import { handle } from "../../platform/action.ts";
import { Problem } from "../../platform/problem.ts";
import { resolve } from "../../platform/reference.ts";
import { alert, groupAlertId, type Alert } from "./alert-contract.ts";
import type { PoliciesContext } from "./context.ts";
import { policy } from "./contract.ts";
import { stoppedBecause } from "./effects.ts";
import { explainGroup, listGroups, type Deciding } from "./group-contract.ts";
import { judged } from "./group-deciding.ts";
import type { GroupPolicy } from "./group-policy.ts";
import { quietOfGroup } from "./group-quiet.ts";
import { decidingOf } from "./group-deciders.ts";
import type { Group } from "./groups.ts";
import { answerOf } from "./looking.ts";
import { isPerGroup } from "./per.ts";

export const groupActions = [
  handle(explainGroup, async ({ policy: name, group: called }, context: PoliciesContext) => {
    const { store, watch } = context;
    const row = await resolve(store, policy, name);
    if (!isPerGroup(row))
      throw new Problem("invalid-input", `the policy "${name}" is about single devices: ask of one`);
    const standing = await store.get(alert, groupAlertId(name, called));
    const seen = standing === undefined ? {} : { state: standing.state };
    if (row.state === "disabled") return { answer: `the policy "${name}" is disabled`, isWatched: false, ...seen };
    const { groups } = await watch.policies(context);
    const ready = groups.byName.get(name);
    const all = groups.of(name);
    const group = all?.find(called);
    if (!groups.isWhole)
      return { answer: "the devices are being looked at; ask again in a moment", isWatched: false, ...seen };
    if (ready === undefined || all === undefined || group === undefined)
      return { answer: `the policy "${name}" has no group "${called}": no device is in it`, isWatched: false, ...seen };
    const judgement = judged(ready, group, context);
    const quiet = await quietOfGroup({ policy: ready, group, judgement }, groups, context);
    const stopped = await stoppedBecause(row, context);
    const deciding = await decidingOf(ready, group, all, context);
    return {
      answer: answerInWords(ready, judgement, standing, { quiet: quiet?.reason, stopped, deciding, group }),
      isWatched: true,
      devices: group.members.size,
      verdict: judgement.verdict,
      looked: [...judgement.looked],
      deciding,
      ...seen,
      ...(standing?.dueAt !== undefined && { dueAt: standing.dueAt }),
      ...(stopped !== undefined && { stopped }),
      ...(quiet && { quiet }),
    };
  }),
  handle(listGroups, async ({ policy: name, limit = 100 }, context: PoliciesContext) => {
    const { store, watch } = context;
    await resolve(store, policy, name);
    const { groups } = await watch.policies(context);
    const ready = groups.byName.get(name);
    const all = [...(groups.of(name)?.all ?? [])].toSorted((one, other) => (one.name < other.name ? -1 : 1));
    const answer = { isWhole: groups.isWhole, count: all.length, groups: [] };
    if (ready === undefined) return answer;
    const told = all.slice(0, limit).map(async (group) => {
      const state = (await store.get(alert, groupAlertId(name, group.name)))?.state;
      const { verdict } = judged(ready, group, context);
      return { group: group.name, devices: group.members.size, verdict, ...(state !== undefined && { state }) };
    });
    return { ...answer, groups: await Promise.all(told) };
  }),
];

function answerInWords(
  ready: GroupPolicy,
  judgement: Judgement,
  standing: Alert | undefined,
  {
    deciding,
    group,
    ...more
  }: {
    readonly deciding: Deciding;
    readonly group: Group;
    readonly quiet: string | undefined;
    readonly stopped: string | undefined;
  },
): string {
  const devices = group.members.size === 1 ? "1 device" : `${group.members.size} devices`;
  const missed = deciding.flatMap(({ what }, place) => {
    const { known = 0, missed: gone = 0 } = group.tallies[place] ?? {};
    return gone > known ? [`${what} is known of ${known} devices and not any more of ${gone}: too few to tell`] : [];
  });
  const told = deciding.flatMap(({ what, devices: count, first }) =>
    first.length === 0
      ? []
      : [
          `${what}: ${first.map(({ name, value }) => (value === undefined ? name : `${name} ${value}`)).join(", ")}${andMore(count - first.length)}`,
        ],
  );
  return [`the group has ${devices}`, ...answerOf(ready, judgement, standing, more), ...missed, ...told].join("; ");
}

const andMore = (count: number): string => (count > 0 ? ` and ${count} more` : "");
