import { SECOND } from "@edgemere/protocol/kit";
import type { Log } from "@edgemere/protocol/kit";
import type { Expression } from "../../platform/expression.ts";
import type { Device } from "../devices/contract.ts";
import { compileSelector, viewOf } from "../devices/selector-contract.ts";
import { compilePolicyCondition, type PolicyCondition } from "./condition.ts";
import type { Policy } from "./contract.ts";
import { stepOf } from "./observations.ts";

const FRESH_FOR = 300;
/** What hangs on time alone is looked at again no more often than that. */
const LEAST_LOOK = 10 * SECOND;

/** A policy with what it says made ready to run. Times in milliseconds. */
export interface WatchedPolicy {
  readonly row: Policy;
  readonly name: string;
  readonly condition: PolicyCondition;
  readonly selector: Expression | undefined;
  readonly for: number;
  readonly keepFiringFor: number;
  readonly freshFor: number;
  /** Undefined: a lack of data is never told. */
  readonly noData: number | undefined;
  /** How often a condition must be looked at that changes with time; undefined where it does not. */
  readonly lookEvery: number | undefined;
}

/** Throws Problem where what it says is wrong. */
export function made(row: Policy): WatchedPolicy {
  const condition = compilePolicyCondition(row.condition);
  const spans = [...condition.windows, ...condition.events].map(({ span }) => stepOf(span));
  const { selector = "", noData = 0 } = row;
  return {
    row,
    name: row.name,
    condition,
    selector: selector === "" ? undefined : compileSelector(selector),
    for: (row.for ?? 0) * SECOND,
    keepFiringFor: (row.keepFiringFor ?? 0) * SECOND,
    freshFor: (row.freshFor ?? FRESH_FOR) * SECOND,
    noData: noData === 0 ? undefined : noData * SECOND,
    lookEvery: spans.length === 0 ? undefined : Math.max(LEAST_LOOK, Math.min(...spans)),
  };
}

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
export const watches = ({ selector, row }: WatchedPolicy, of: Device, view = viewOf(of)): boolean =>
  row.state === "enabled" &&
  (of.state === "active" || of.state === "quarantined") &&
  (selector === undefined || selector.matches(view));
