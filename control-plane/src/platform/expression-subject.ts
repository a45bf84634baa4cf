import type { FieldKind, Vocabulary } from "./expression.ts";

export type Condition = (view: Readonly<Record<string, unknown>>) => boolean;
export type Operator = "=" | "!=" | "<" | "<=" | ">" | ">=";

/** What a word of an expression speaks of. An entry of a map may be of any kind. */
export interface Subject {
  readonly name: string;
  readonly kind: FieldKind | "entry";
  readonly of: (view: Readonly<Record<string, unknown>>) => unknown;
}

/** A declared field, an entry of a declared map (`inventory.os.name`), else a label. */
export function subjectOf(name: string, { fields, labels }: Vocabulary): Subject {
  if (Object.hasOwn(fields, name)) return { name, kind: fields[name] ?? "entry", of: (view) => own(view, name) };
  const map = Object.keys(fields).find((field) => fields[field] === "map" && name.startsWith(`${field}.`));
  const [from, key] = map === undefined ? [labels, name] : [map, name.slice(map.length + 1)];
  return { name, kind: "entry", of: (view) => own(own(view, from), key) };
}

/** Whether there is something: an empty text, list or map is nothing, and so is false. */
export const isSet =
  ({ of }: Subject): Condition =>
  (view) => {
    const value = of(view);
    if (typeof value === "object" && value !== null) return Object.keys(value).length > 0;
    return value !== undefined && value !== null && value !== "" && value !== false;
  };

/** Compares a subject with a value as it was written. Throws RangeError when the two can never be compared. */
export function comparison({ name, kind, of }: Subject, operator: Operator, text: string): Condition {
  if (kind === "map") throw new RangeError(`"${name}" is a map; write ${name}.key${operator}value`);
  if (operator === "=" || operator === "!=") {
    checkLiteral(name, kind, text);
    const isEqual = (view: Readonly<Record<string, unknown>>) => equals(of(view), text);
    return operator === "=" ? isEqual : (view) => !isEqual(view);
  }
  if (kind === "bool" || kind === "list") throw new RangeError(`"${name}" is a ${kind} and has no order`);
  if (isNumber(text)) return (view) => order(operator, numberOf(of(view)), Number(text));
  if (kind === "number") throw new RangeError(`"${name}" is a number and "${text}" is none`);
  return (view) => {
    const value = of(view);
    return typeof value === "string" && order(operator, value, text);
  };
}

function checkLiteral(name: string, kind: Subject["kind"], text: string): void {
  if (kind === "number" && !isNumber(text)) throw new RangeError(`"${name}" is a number and "${text}" is none`);
  if (kind === "bool" && text !== "true" && text !== "false")
    throw new RangeError(`"${name}" is true or false, not "${text}"`);
}

function equals(value: unknown, text: string): boolean {
  if (Array.isArray(value)) return value.includes(text);
  if (typeof value === "number") return isNumber(text) && value === Number(text);
  return (typeof value === "string" || typeof value === "boolean") && String(value) === text;
}

/** Not a number where there is none: that is neither below nor above anything. */
const numberOf = (value: unknown): number =>
  typeof value === "number" ? value : typeof value === "string" && isNumber(value) ? Number(value) : NaN;

function order<T extends string | number>(operator: Operator, left: T, right: T): boolean {
  if (operator === "<") return left < right;
  if (operator === "<=") return left <= right;
  return operator === ">" ? left > right : left >= right;
}

const isNumber = (text: string) => /^-?\d{1,17}(\.\d{1,17})?$/.test(text);

const own = (from: unknown, key: string): unknown =>
  typeof from === "object" && from !== null && Object.hasOwn(from, key)
    ? (from as Record<string, unknown>)[key]
    : undefined;
