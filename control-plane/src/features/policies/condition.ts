import {
  callOf,
  found,
  functionOf,
  lookingAt,
  policyFunctions,
  type Call,
  type Looked,
  type PolicyCondition,
  type Reading,
  type Verdict,
} from "@edgemere/protocol/policy";
import { compileCondition, type CelFunction } from "../../platform/expression.ts";
import { Mistake } from "../../platform/expression-mistake.ts";
import type { CelCondition } from "../../platform/expression-cel.ts";
import { deviceFields } from "../devices/selector-contract.ts";

/** A value that a condition needs is not there. */
class NoValue extends Error {
  constructor() {
    super("there is no value");
    this.name = "NoValue";
  }
}

/**
 * Compiles the condition of a policy: CEL over the fields that selectors know and over the functions above, what it looks at being known
 * beforehand. Throws Problem invalid-input that says what is wrong and where.
 */
export function compilePolicyCondition(text: string): PolicyCondition & Pick<CelCondition, "tree"> {
  // A function is handed its texts and nothing else; what it reads of is set for one evaluation, which nothing interrupts.
  let reading: Reading | undefined;
  let looked: Looked[] = [];
  const functions = policyFunctions.map((each): CelFunction => {
    const call = (...texts: string[]) => {
      const { value, looked: one } = found(each, texts, reading);
      looked.push(one);
      if (value === undefined) throw new NoValue();
      return value;
    };
    return { ...each, call };
  });
  const calls: Call[] = [];
  const { evaluate, tree } = compileCondition(text, { fields: deviceFields, functions }, (parsed) => {
    for (const { name, texts, at } of parsed.calls) calls.push(checkedCall(name, texts, at));
  });
  return {
    ...lookingAt(calls),
    tree,
    judge: (of) => {
      reading = of;
      looked = [];
      const verdict = verdictOf(evaluate, of.view, () => looked);
      reading = undefined;
      return { verdict, looked };
    },
  };
}

/** A field that is missing, or of another kind, makes a condition untrue, as in a selector; a value that was not measured makes it unknown. */
function verdictOf(
  evaluate: (view: Reading["view"]) => boolean,
  view: Reading["view"],
  looked: () => readonly { readonly value?: number }[],
): Verdict {
  try {
    return evaluate(view) ? "met" : "unmet";
  } catch (error) {
    // Of two errors CEL tells one: that a value was missing is seen by what was looked at.
    if (!(error instanceof NoValue) && looked().every(({ value }) => value !== undefined)) return "unmet";
    return "unknown";
  }
}

/** What a call looks at. Throws Mistake. */
function checkedCall(name: string, texts: readonly string[], at: number): Call {
  const called = functionOf(name, texts);
  try {
    return called === undefined ? {} : callOf(called, texts);
  } catch (error) {
    throw error instanceof RangeError ? new Mistake(error.message, at) : error;
  }
}
