import { SECOND } from "@edgemere/protocol/kit";
import type { Log } from "@edgemere/protocol/kit";
import { lookEveryOf, type Watching } from "@edgemere/protocol/policy";
import type { Expression } from "../../platform/expression.ts";
import type { Device } from "../devices/contract.ts";
import { compileSelector, viewOf } from "../devices/selector-contract.ts";
import { compilePolicyCondition } from "./condition.ts";
import type { Policy } from "./contract.ts";
import { conditionOnDevice } from "./on-device.ts";

const FRESH_FOR = 300;

/** A policy with what it says made ready to run. Times in milliseconds. */
export interface WatchedPolicy extends Watching {
  readonly row: Policy;
  readonly name: string;
  readonly selector: Expression | undefined;
  /** Undefined: a lack of data is never told. */
  readonly noData: number | undefined;
}

/** Whether devices watch it by themselves. */
export const isOnDevice = ({ runsOn }: Pick<Policy, "runsOn">): boolean => runsOn === "device";

/** Throws Problem where what it says is wrong. */
export function made(row: Policy): WatchedPolicy {
  const condition = isOnDevice(row) ? conditionOnDevice(row.condition) : compilePolicyCondition(row.condition);
  const { selector = "" } = row;
  return {
    row,
    name: row.name,
    condition,
    selector: selector === "" ? undefined : compileSelector(selector),
    ...timesOf(row),
    lookEvery: lookEveryOf(condition),
  };
}

/** In milliseconds. */
export const timesOf = ({ for: wait = 0, keepFiringFor = 0, freshFor = FRESH_FOR, noData = 0 }: Policy) => ({
  for: wait * SECOND,
  keepFiringFor: keepFiringFor * SECOND,
  freshFor: freshFor * SECOND,
  noData: noData === 0 ? undefined : noData * SECOND,
});

/** Undefined, and logged, where it was valid once and is no longer. */
export function readyToRun(row: Policy, log: Log): WatchedPolicy | undefined {
  try {
    return made(row);
  } catch (error) {
    log.error("a policy cannot be watched", { policy: row.name, error });
    return undefined;
  }
}

/** Whether a policy watches a device, as the device is. */
export const watches = (
  { selector, row }: Pick<WatchedPolicy, "selector" | "row">,
  of: Device,
  view = viewOf(of),
): boolean =>
  row.state === "enabled" &&
  (of.state === "active" || of.state === "quarantined") &&
  (selector === undefined || selector.matches(view));
