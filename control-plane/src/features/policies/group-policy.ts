import type { Log } from "@edgemere/protocol/kit";
import { lookEveryOf } from "@edgemere/protocol/policy";
import type { Expression } from "../../platform/expression.ts";
import { compileSelector } from "../devices/selector-contract.ts";
import type { Policy, PolicySpec } from "./contract.ts";
import { compileGroupCondition, type GroupCondition } from "./group-condition.ts";
import { isPerGroup, perOf, type Per } from "./per.ts";
import { isOfDevice } from "./schedule-contract.ts";
import { timesOf, type WatchedPolicy } from "./watched-policy.ts";

/** A policy about groups of devices, with what it says made ready to run. Times in milliseconds. */
export interface GroupPolicy extends Omit<WatchedPolicy, "condition"> {
  readonly condition: GroupCondition;
  readonly per: Per;
  /** Which devices are in the aggregated device that it is about; undefined where it is about none. */
  readonly members: Expression | undefined;
  readonly memberSelector: string | undefined;
}

/** Throws Problem where what it says is wrong. */
export function madeForGroups(row: Policy, memberSelector: string | undefined): GroupPolicy {
  const { selector = "" } = row;
  const condition = compileGroupCondition(row.condition);
  const lookEvery = lookEveryOf({ ...condition, judge: () => ({ verdict: "unknown", looked: [] }) });
  return {
    row,
    name: row.name,
    condition,
    per: perOf(row.per),
    members: memberSelector === undefined ? undefined : compileSelector(memberSelector),
    memberSelector,
    selector: selector === "" ? undefined : compileSelector(selector),
    ...timesOf(row),
    lookEvery,
  };
}

/** Undefined, and logged, where it was valid once and is no longer. */
export function readyForGroups(row: Policy, memberSelector: string | undefined, log: Log): GroupPolicy | undefined {
  try {
    return madeForGroups(row, memberSelector);
  } catch (error) {
    log.error("a policy cannot be watched", { policy: row.name, error });
    return undefined;
  }
}

/** Why a policy cannot be about groups of devices; undefined where it can, or is about single ones. */
export function obstacleToGroups(spec: PolicySpec): string | undefined {
  const { admission, runsOn, coversChildren = false, schedule, effects = [] } = spec;
  if (!isPerGroup(spec)) return undefined;
  if (admission !== undefined) return "per: what is asked before actions is asked of each device, and of no group";
  if (runsOn === "device") return "runsOn: no device knows what the others of its group measure";
  if (coversChildren) return "coversChildren: no device stands behind a group";
  if (schedule !== undefined && isOfDevice(schedule))
    return "schedule: a group has no time zone of its own; write one as Europe/Berlin";
  if (effects.some((each) => each.do === "data" && each.query.includes("{device}")))
    return "effects: a group is no device; write {devices}, as in device_id in ({devices})";
  if (effects.some((each) => each.do === "configure"))
    return "effects: settings last as long as an alert of the device itself; write a policy per device for them";
  return undefined;
}
