import type { TObject, TSchema } from "@sinclair/typebox";
import { Value } from "@sinclair/typebox/value";
import type { AnyAction } from "./action.ts";
import { fieldProblems } from "./field-problems.ts";
import { fits, hasDefaults } from "./fitting.ts";
import { isInstant, writtenInstant } from "./instant.ts";
import { Problem } from "./problem.ts";

const DEEPEST = 32;
// Each costs a look or several: a megabyte of short names kept everybody waiting for seconds.
const MOST_VALUES = 10_000;

/**
 * Makes an action's input out of what a face brought: query strings are all text, a JSON body is typed. Throws
 * Problem invalid-input that names every field, and the known ones where a field is unknown. `now` is what instants such as -24h are reckoned from.
 */
export function convert(action: AnyAction, raw: unknown, now: number): unknown {
  if (!isObject(raw)) throw new Problem("invalid-input", "the input must be a JSON object");
  const schema = action.input as TObject;
  const given = Object.entries(raw);
  if (given.length > MOST_VALUES) throw tooMany();
  const input = Object.fromEntries(given.flatMap(([name, value]) => field(action, schema, name, value, now)));
  refuseUnfit(input);
  const isFitting = fits(schema, input);
  if (isFitting && !hasDefaults(schema)) return input;
  const value = Value.Default(schema, isFitting ? structuredClone(input) : converted(schema, input));
  if (fits(schema, value)) return value;
  const errors = fieldProblems(schema, value, { what: action.path as string, secrets: action.secrets ?? [] });
  throw new Problem("invalid-input", errors.map(({ detail }) => detail).join("; "), { errors });
}

/** What fits already would come out as it is. Shares nothing with what was given that could be changed. */
const converted = (schema: TObject, input: object): unknown =>
  unlessCut(input, Value.Convert(schema, structuredClone(input)));

/** Takes back conversions that lost something: 1.5 is no integer, also not with its fraction cut off. */
function unlessCut(given: unknown, converted: unknown): unknown {
  if (typeof converted === "number") return Number(given) === converted ? converted : given;
  if (Array.isArray(converted) && Array.isArray(given)) return converted.map((each, i) => unlessCut(given[i], each));
  if (!isObject(converted) || !isObject(given)) return converted;
  return Object.fromEntries(Object.entries(converted).map(([name, each]) => [name, unlessCut(given[name], each)]));
}

/** What holds of every input: an end to its nesting and to its size, and no half characters (JSON's "\ud800"), for which there are no bytes. */
function refuseUnfit(input: object): void {
  let values = 0;
  look(input, "", 0);

  function look(value: unknown, pointer: string, depth: number): void {
    if (typeof value === "string" && /\p{Surrogate}/u.test(value)) throw unfit(pointer, "holds half a character");
    if (typeof value !== "object" || value === null) return;
    if (depth === DEEPEST) throw unfit(pointer, `is nested more than ${DEEPEST} levels deep`);
    for (const [key, each] of Object.entries(value)) {
      if (++values > MOST_VALUES) throw tooMany();
      look(key, pointer, depth);
      look(each, `${pointer}/${key}`, depth + 1);
    }
  }
}

const tooMany = () => new Problem("invalid-input", `the input holds more than ${MOST_VALUES} values`);

function unfit(pointer: string, how: string): Problem {
  const detail = `"${pointer.slice(1, 81).replaceAll("/", ".")}" ${how}`;
  return new Problem("invalid-input", detail, { errors: [{ pointer: `/${pointer.split("/")[1] ?? ""}`, detail }] });
}

const isObject = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === "object" && value !== null && !Array.isArray(value);

function field(action: AnyAction, schema: TObject, given: string, value: unknown, now: number): [string, unknown][] {
  const name = fieldOf(action, given);
  if (value === undefined) return [];
  const property = Object.hasOwn(schema.properties, name) ? schema.properties[name] : undefined;
  if (property && isInstant(property)) return [[name, writtenInstant(value, now)]];
  return [[name, property ? structured(property, value) : value]];
}

const fieldOf = ({ aliases = {} }: AnyAction, given: string): string =>
  Object.hasOwn(aliases, given) ? (aliases[given] ?? given) : given;

/** The fields that whoever asks said something of. */
export const fieldsGiven = (action: AnyAction, raw: unknown): ReadonlySet<string> =>
  new Set(Object.keys(raw as object).map((name) => fieldOf(action, name)));

/** An input with its instants as they were written: "-24h" asked for again is the same question, though it means another instant. */
export function asWritten(action: AnyAction, raw: unknown, input: object): object {
  const { properties } = action.input as TObject;
  const written = Object.entries(raw as object)
    .map(([given, value]) => [fieldOf(action, given), value] as const)
    .filter(
      ([name, value]) => typeof value === "string" && properties[name] !== undefined && isInstant(properties[name]),
    );
  return { ...input, ...Object.fromEntries(written) };
}

/** A query string can carry an object or a list only as JSON text; a list also as repeated or single values. */
function structured(schema: TSchema, value: unknown): unknown {
  const type: unknown = schema["type"];
  if (type === "array") {
    const parsed = typeof value === "string" && value.trimStart().startsWith("[") ? (parseJson(value) ?? value) : value;
    return Array.isArray(parsed) ? parsed : [parsed];
  }
  const takesObject = type === "object" || schema["anyOf"] !== undefined || type === undefined;
  return takesObject && typeof value === "string" && value.trimStart().startsWith("{")
    ? (parseJson(value) ?? value)
    : value;
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
