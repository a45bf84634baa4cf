import type { TObject, TSchema } from "@sinclair/typebox";
import { Value, type ValueError } from "@sinclair/typebox/value";
import type { AnyAction } from "./action.ts";
import { Problem, type FieldProblem } from "./problem.ts";

/**
 * Makes an action's input out of what a face brought: query strings are all text, a JSON body is typed. Throws
 * Problem invalid-input that names every field, and the known ones where a field is unknown.
 */
export function convert(action: AnyAction, raw: unknown): unknown {
  if (!isObject(raw)) throw new Problem("invalid-input", "the input must be a JSON object");
  const schema = action.input as TObject;
  const input = Object.fromEntries(Object.entries(raw).flatMap(([name, value]) => field(action, schema, name, value)));
  const value = Value.Default(schema, unlessCut(input, Value.Convert(schema, structuredClone(input))));
  const errors = [...errorsOf(schema, value, action)];
  if (errors.length > 0) throw new Problem("invalid-input", errors.map(({ detail }) => detail).join("; "), { errors });
  return value;
}

/** Takes back conversions that lost something: 1.5 is no integer, also not with its fraction cut off. */
function unlessCut(given: unknown, converted: unknown): unknown {
  if (typeof converted === "number") return Number(given) === converted ? converted : given;
  if (Array.isArray(converted) && Array.isArray(given)) return converted.map((each, i) => unlessCut(given[i], each));
  if (!isObject(converted) || !isObject(given)) return converted;
  return Object.fromEntries(Object.entries(converted).map(([name, each]) => [name, unlessCut(given[name], each)]));
}

const isObject = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === "object" && value !== null && !Array.isArray(value);

function field({ aliases = {} }: AnyAction, schema: TObject, given: string, value: unknown): [string, unknown][] {
  const name = Object.hasOwn(aliases, given) ? (aliases[given] ?? given) : given;
  if (value === undefined) return [];
  const property = Object.hasOwn(schema.properties, name) ? schema.properties[name] : undefined;
  return [[name, property ? structured(property, value) : value]];
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

function errorsOf(schema: TObject, value: unknown, action: AnyAction): readonly FieldProblem[] {
  const seen = new Map<string, FieldProblem>();
  for (const error of Value.Errors(schema, value))
    if (!seen.has(error.path)) seen.set(error.path, { pointer: error.path, detail: sentence(error, schema, action) });
  return [...seen.values()].slice(0, 20);
}

function sentence(error: ValueError, schema: TObject, action: AnyAction): string {
  const name = error.path.slice(1).replaceAll("/", ".");
  const known = Object.keys(schema.properties).join(", ") || "none";
  const isMissing = error.value === undefined;
  const isUnknown = /additional|unexpected/i.test(error.message);
  const pattern = Object.keys((error.schema["patternProperties"] as object | undefined) ?? {})[0];
  if (isUnknown && pattern !== undefined) return `"${name}" is not allowed: the name must match ${pattern}`;
  if (isUnknown) return `"${name}" is no parameter of ${action.path as string}; it takes: ${known}`;
  if (isMissing) return `"${name}" is required`;
  const given = action.secrets?.includes(error.path.split("/")[1] ?? "") ? "" : `, not ${shown(error.value)}`;
  return `"${name}" ${wanted(error.schema) ?? error.message.toLowerCase()}${given}`;
}

function wanted(schema: TSchema): string | undefined {
  const options = (schema["anyOf"] as TSchema[] | undefined)?.map((each) => each["const"] as unknown);
  if (options?.every((each) => typeof each === "string")) return `must be one of ${options.join(", ")}`;
  const { minimum, maximum } = schema as { minimum?: number; maximum?: number };
  if (minimum !== undefined && maximum !== undefined) return `must be a number from ${minimum} to ${maximum}`;
  const article = /^[aeio]/.test(String(schema["type"])) ? "an" : "a";
  return typeof schema["type"] === "string" ? `must be ${article} ${schema["type"]}${lengths(schema)}` : undefined;
}

function lengths(schema: TSchema): string {
  const { minLength, maxLength, pattern } = schema as { minLength?: number; maxLength?: number; pattern?: string };
  if (pattern !== undefined) return ` that matches ${pattern}`;
  return maxLength === undefined ? "" : ` of ${minLength ?? 0} to ${maxLength} characters`;
}

const shown = (value: unknown) => {
  const text = JSON.stringify(value) ?? String(value);
  return text.length > 80 ? `${text.slice(0, 80)}…` : text;
};
