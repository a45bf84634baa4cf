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
import { compileCondition, type CelFunction, type CelPart } from "../../platform/expression.ts";
import { Mistake } from "../../platform/expression-mistake.ts";
import { parseCel, type CelCondition } from "../../platform/expression-cel.ts";
import { deviceFields } from "../devices/selector-contract.ts";

/** A value that a condition needs is not there. */
export class NoValue extends Error {
  constructor() {
    super("there is no value");
    this.name = "NoValue";
  }
}

/** What gives true or false of a device, or a number. */
interface Compiled extends Omit<PolicyCondition, "judge"> {
  readonly tree: CelCondition["tree"];
  /** What `look` gives of a reading, and what was looked at in it. */
  readonly over: <T>(
    of: Reading,
    look: (condition: CelCondition, looked: () => readonly Looked[]) => T,
  ) => { readonly found: T; readonly looked: readonly Looked[] };
}

type Parse = (functions: readonly CelFunction[], check: (parsed: CelCondition) => void) => CelCondition;

/** Compiles over the fields that selectors know and over the functions above, what is looked at being known beforehand. */
function compiled(parse: Parse): Compiled {
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
  const condition = parse(functions, (parsed) => {
    for (const { name, texts, at } of parsed.calls) calls.push(checkedCall(name, texts, at));
  });
  return {
    ...lookingAt(calls),
    tree: condition.tree,
    over: (of, look) => {
      reading = of;
      looked = [];
      const found = look(condition, () => looked);
      reading = undefined;
      return { found, looked };
    },
  };
}

/**
 * Compiles the condition of a policy: CEL over the fields that selectors know and over the functions above. Throws Problem invalid-input that
 * says what is wrong and where.
 */
export function compilePolicyCondition(text: string): PolicyCondition & Pick<CelCondition, "tree"> {
  const { over, ...rest } = compiled((functions, check) =>
    compileCondition(text, { fields: deviceFields, functions }, check),
  );
  return {
    ...rest,
    judge: (of) => {
      const { found: verdict, looked } = over(of, ({ evaluate }, soFar) => verdictOf(evaluate, of.view, soFar));
      return { verdict, looked };
    },
  };
}

/** What is asked of each device of a group. */
export interface DevicePart extends Omit<PolicyCondition, "judge"> {
  readonly kind: PartKind;
  readonly text: string;
  /** One and zero for true and false; no value where nobody can tell. */
  readonly judge: (reading: Reading) => { readonly value?: number; readonly looked: readonly Looked[] };
}
export type PartKind = "bool" | "number";

/** Compiles what is asked of each device of a group, as a condition is. Throws Mistake. */
export function compileDevicePart({ padded, text }: CelPart, kind: PartKind): DevicePart {
  const {
    over,
    tree: _,
    ...rest
  } = compiled((functions, check) => {
    const parsed = parseCel(padded, deviceFields, functions, kind);
    check(parsed);
    return parsed;
  });
  return {
    ...rest,
    kind,
    text,
    judge: (of) => {
      const { found: value, looked } = over(of, (condition, soFar) =>
        kind === "bool" ? truthOf(verdictOf(condition.evaluate, of.view, soFar)) : numberOf(condition, of.view),
      );
      return { looked, ...(value !== undefined && { value }) };
    },
  };
}

const truthOf = (verdict: Verdict): number | undefined =>
  verdict === "unknown" ? undefined : Number(verdict === "met");

/** A number that is none, or that needs what is not there, says nothing. */
function numberOf({ value }: CelCondition, view: Reading["view"]): number | undefined {
  try {
    const number = Number(value(view));
    return Number.isFinite(number) ? number : undefined;
  } catch {
    return undefined;
  }
}

/** A field that is missing, or of another kind, makes a condition untrue, as in a selector; a value that was not measured makes it unknown. */
export function verdictOf(
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
