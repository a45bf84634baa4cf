import type { TObject, TSchema } from "@sinclair/typebox";
import { Value, type ValueError } from "@sinclair/typebox/value";
import { INSTANT_FORMS, isInstant } from "./instant.ts";
import type { FieldProblem } from "./problem.ts";

interface Subject {
  /** What takes the fields, as the sentences call it. */
  readonly what: string;
  /** Fields whose values must not be repeated. */
  readonly secrets?: readonly string[];
}

const AT_MOST = 20;

/** What is wrong with a value, one sentence for each field; empty when it fits. */
export function fieldProblems(schema: TObject, value: unknown, subject: Subject): readonly FieldProblem[] {
  const seen = new Map<string, FieldProblem>();
  for (const error of Value.Errors(schema, value)) {
    if (!seen.has(error.path)) seen.set(error.path, { pointer: error.path, detail: sentence(error, subject) });
    // They are found one by one, and who made thousands is told of some.
    if (seen.size === AT_MOST) break;
  }
  return [...seen.values()];
}

function sentence(error: ValueError, { what, secrets = [] }: Subject): string {
  const name = error.path.slice(1).replaceAll("/", ".");
  const of = name.includes(".") ? `"${name.slice(0, name.lastIndexOf("."))}"` : what;
  const known = Object.keys((error.schema["properties"] as object | undefined) ?? {}).join(", ") || "none";
  const isMissing = error.value === undefined;
  const isUnknown = /additional|unexpected/i.test(error.message);
  const pattern = Object.keys((error.schema["patternProperties"] as object | undefined) ?? {})[0];
  if (isUnknown && pattern !== undefined) return `"${name}" is not allowed: the name must match ${pattern}`;
  if (isUnknown) return `"${name}" is no parameter of ${of}; it takes: ${known}`;
  if (isMissing) return `"${name}" is required`;
  const stop = isInstant(error.schema) ? ";" : ",";
  const given = secrets.includes(error.path.split("/")[1] ?? "") ? "" : `${stop} not ${shown(error.value)}`;
  return `"${name}" ${wanted(error.schema) ?? error.message.toLowerCase()}${given}`;
}

function wanted(schema: TSchema): string | undefined {
  if (isInstant(schema)) return `must be an instant: ${INSTANT_FORMS}`;
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
