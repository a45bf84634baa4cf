import { limits } from "../limits.ts";
import type { PolicyPack, v1 } from "../messages.ts";
import { programOf, type Step } from "./program.ts";
import { lookEveryOf, type Watching } from "./watching.ts";

/** A policy of a pack, ready to be watched. */
export interface PackPolicy extends Watching {
  readonly name: string;
  readonly revision: number;
  readonly effects: readonly v1.PolicyEffect.$Shape[];
}

/** A pack asks for more than a device may spend. */
export class CostlyPack extends RangeError {}

/** The policies of a pack, checked and ready to be watched. Throws CostlyPack, and RangeError that says which policy is wrong and why. */
export function readyPack({ policies }: Pick<PolicyPack, "policies">): readonly PackPolicy[] {
  const steps = policies.reduce((sum, { condition }) => sum + condition.length, 0);
  if (policies.length > limits.packPolicies)
    throw new CostlyPack(`${policies.length} policies, over the limit of ${limits.packPolicies}`);
  if (steps > limits.packSteps) throw new CostlyPack(`${steps} steps, over the limit of ${limits.packSteps}`);
  const ready = policies.map(readyPolicy);
  const twice = ready.find(({ name }, place) => ready.findIndex((each) => each.name === name) < place);
  if (twice !== undefined) throw new RangeError(`the policy "${twice.name}" is there twice`);
  const windows = new Set(ready.flatMap(({ condition }) => condition.windows.map((each) => JSON.stringify(each))));
  if (windows.size > limits.packWindows)
    throw new CostlyPack(`${windows.size} windows, over the limit of ${limits.packWindows}`);
  return ready;
}

function readyPolicy(given: v1.DevicePolicy.$Shape): PackPolicy {
  const { name = "", revision = 0, condition: steps = [], effects = [] } = given;
  if (name === "" || name.length > limits.nameLength) throw new RangeError("a policy has no name, or too long a one");
  if (effects.length > limits.policyEffects)
    throw new CostlyPack(
      `the policy "${name}" has ${effects.length} effects, over the limit of ${limits.policyEffects}`,
    );
  if (effects.some(({ task }) => task === undefined))
    throw new RangeError(`the policy "${name}" has an effect that this agent does not know`);
  try {
    const condition = programOf(steps.map(stepFrom));
    const times = { for: given.forMs ?? 0, keepFiringFor: given.keepFiringForMs ?? 0, freshFor: given.freshForMs ?? 0 };
    return { name, revision, condition, ...times, lookEvery: lookEveryOf(condition), effects };
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    throw new RangeError(`the policy "${name}": ${error.message}`, { cause: error });
  }
}

function stepFrom(given: v1.ConditionStep.$Shape): Step {
  switch (given.step) {
    case "number":
      return { number: given.number ?? 0 };
    case "truth":
      return { truth: given.truth ?? false };
    case "text":
      return { text: given.text ?? "" };
    case "field":
      return { field: given.field ?? "" };
    case "call":
      return { call: { name: given.call?.name ?? "", texts: given.call?.texts ?? [] } };
    case "operator":
      return { operator: given.operator ?? "" };
    default:
      throw new RangeError("a step of its condition is of no kind that this agent knows");
  }
}
