import { limits } from "../limits.ts";
import {
  callOf,
  found,
  functionOf,
  lookingAt,
  type Call,
  type Looked,
  type PolicyCondition,
  type Reading,
  type Verdict,
} from "./words.ts";

/** One step of a condition in its closed form: a value, or what is worked out of those before it. */
export type Step =
  | { readonly number: number }
  | { readonly truth: boolean }
  | { readonly text: string }
  | { readonly field: string }
  | { readonly call: { readonly name: string; readonly texts: readonly string[] } }
  | { readonly operator: string };

/** What a device knows of itself without asking anybody. */
export const ownFields = ["id", "agent_version"] as const;

type Kind = "number" | "bool" | "text";
/** Undefined: there is no such value now. */
type Value = number | boolean | string | undefined;
/** What is left of a stack when a step was taken. */
type Move = (stack: Value[], reading: Reading, looked: Looked[]) => void;

interface Operator {
  readonly takes: readonly Kind[] | "any two";
  readonly gives: Kind;
  readonly of: (left: Value, right: Value) => Value;
}

const counting = (gives: Kind, of: (left: number, right: number) => Value): Operator => ({
  takes: ["number", "number"],
  gives,
  of: (left, right) => (left === undefined || right === undefined ? undefined : of(Number(left), Number(right))),
});
const comparing = (of: (left: Value, right: Value) => boolean): Operator => ({
  takes: "any two",
  gives: "bool",
  of: (left, right) => (left === undefined || right === undefined ? undefined : of(left, right)),
});
/** Decided by one side that has the value that decides, whatever the other is. */
const joining = (decides: boolean): Operator => ({
  takes: ["bool", "bool"],
  gives: "bool",
  of: (left, right) => {
    if (left === decides || right === decides) return decides;
    return left === undefined || right === undefined ? undefined : !decides;
  },
});

const operators: Readonly<Record<string, Operator>> = {
  "&&": joining(false),
  "||": joining(true),
  "==": comparing((left, right) => left === right),
  "!=": comparing((left, right) => left !== right),
  "<": counting("bool", (left, right) => left < right),
  "<=": counting("bool", (left, right) => left <= right),
  ">": counting("bool", (left, right) => left > right),
  ">=": counting("bool", (left, right) => left >= right),
  "+": counting("number", (left, right) => left + right),
  "-": counting("number", (left, right) => left - right),
  "*": counting("number", (left, right) => left * right),
  "/": counting("number", (left, right) => left / right),
  "!": { takes: ["bool"], gives: "bool", of: (value) => (value === undefined ? undefined : value === false) },
  neg: { takes: ["number"], gives: "number", of: (value) => (value === undefined ? undefined : -Number(value)) },
};

/** Whether a condition in its closed form can have this operator. */
export const hasOperator = (operator: string): boolean => Object.hasOwn(operators, operator);

/**
 * A condition in its closed form, ready to be judged: it has no loop and calls nothing but what reads, so its cost is the number of its steps.
 * Throws RangeError that says which step is wrong.
 */
export function programOf(steps: readonly Step[]): PolicyCondition {
  if (steps.length > limits.conditionSteps)
    throw new RangeError(`a condition has ${steps.length} steps, over the limit of ${limits.conditionSteps}`);
  const kinds: Kind[] = [];
  const calls: Call[] = [];
  const moves = steps.map((step, place) => {
    try {
      return moveOf(step, kinds, calls);
    } catch (error) {
      if (!(error instanceof RangeError)) throw error;
      throw new RangeError(`step ${place + 1}: ${error.message}`, { cause: error });
    }
  });
  if (kinds.length !== 1 || kinds[0] !== "bool") throw new RangeError("the steps do not give true or false");
  return { ...lookingAt(calls), judge: (reading) => judge(moves, reading) };
}

function judge(moves: readonly Move[], reading: Reading) {
  const stack: Value[] = [];
  const looked: Looked[] = [];
  for (const move of moves) move(stack, reading, looked);
  const [value] = stack;
  const verdict: Verdict = value === undefined ? "unknown" : value === true ? "met" : "unmet";
  return { verdict, looked };
}

/** What a step does, checked; it leaves in `kinds` of what kind the values are then. */
function moveOf(step: Step, kinds: Kind[], calls: Call[]): Move {
  if ("operator" in step) return operatorMove(step.operator, kinds);
  if ("call" in step) {
    const { name, texts } = step.call;
    const called = functionOf(name, texts);
    if (called === undefined || name === "happened")
      throw new RangeError(`there is no ${name}() of ${texts.length} texts here`);
    calls.push(callOf(called, texts));
    kinds.push(called.gives);
    return (stack, reading, looked) => {
      const { value, looked: one } = found(called, texts, reading);
      looked.push(one);
      stack.push(value);
    };
  }
  if ("field" in step) {
    const { field } = step;
    if (!(ownFields as readonly string[]).includes(field)) throw new RangeError(`there is no field "${field}" here`);
    kinds.push("text");
    return (stack, { view }) => stack.push(String(view[field]));
  }
  const [value] = Object.values(step) as [number | boolean | string];
  kinds.push(typeof value === "number" ? "number" : typeof value === "boolean" ? "bool" : "text");
  return (stack) => stack.push(value);
}

function operatorMove(name: string, kinds: Kind[]): Move {
  const operator = hasOperator(name) ? operators[name] : undefined;
  if (operator === undefined) throw new RangeError(`there is no operator "${name}" here`);
  const { takes, gives, of } = operator;
  const count = takes === "any two" ? 2 : takes.length;
  const given = kinds.splice(-count);
  const isRight = takes === "any two" ? given[0] === given[1] : takes.every((kind, place) => given[place] === kind);
  if (given.length < count || !isRight)
    throw new RangeError(`"${name}" does not work on ${given.join(" and ") || "nothing"}`);
  kinds.push(gives);
  return (stack) => {
    const right = count === 2 ? stack.pop() : undefined;
    stack.push(of(stack.pop(), right));
  };
}
