import type { TSchema } from "@sinclair/typebox";
import type { AnyAction } from "../src/platform/action.ts";
import { isInstant } from "../src/platform/instant.ts";
import { kebab } from "./failure.ts";

/** How an input field is given on the command line. */
export interface Field {
  readonly name: string;
  /** `queue-timeout`, without dashes. */
  readonly flag: string;
  /** Other names, as published elsewhere. */
  readonly aliases: readonly string[];
  /**
   * list: repeated. record: `key=value`, repeated, or an object. document: JSON or YAML text, or `@file`.
   * instant: text that the control plane reads. textOrDocument: text that looks like neither is taken as it is.
   */
  readonly kind:
    | "text"
    | "integer"
    | "number"
    | "boolean"
    | "list"
    | "record"
    | "document"
    | "textOrDocument"
    | "instant";
  readonly choices: readonly string[];
  readonly description: string;
  readonly required: boolean;
  /** Never on the command line, where other users of the host would see it. */
  readonly secret: boolean;
  readonly default?: unknown;
  /** The resource whose id or name it takes. */
  readonly reference?: string;
  /** Documents only: the names that stand in it, or in each of its items. */
  readonly holds?: readonly string[];
  /** Records only: values are text, whatever they look like. */
  readonly textValues?: boolean;
}

export function fieldsOf({ input, aliases = {}, secrets = [] }: AnyAction): readonly Field[] {
  const { properties, required = [] } = input as { properties: Record<string, TSchema>; required?: readonly string[] };
  return Object.entries(properties).map(([name, schema]) => ({
    name,
    flag: kebab(name),
    aliases: Object.keys(aliases)
      .filter((alias) => aliases[alias] === name)
      .map(kebab),
    kind: kindOf(schema),
    choices: choicesOf(partOf(schema)),
    description: schema.description ?? "",
    required: required.includes(name),
    secret: secrets.includes(name),
    ...(schema["default"] !== undefined && { default: schema["default"] as unknown }),
    ...(typeof schema["x-ref"] === "string" && { reference: schema["x-ref"] }),
    ...(kindOf(schema) === "document" && { holds: Object.keys((partOf(schema)["properties"] ?? {}) as object) }),
    ...(isRecord(schema) && { textValues: valueSchemas(schema).every(({ type }) => (type as unknown) === "string") }),
  }));
}

/**
 * The field that may stand without its flag: the only reference that is needed, else the only thing that is needed. Where
 * nothing is, the only reference.
 */
export function bareField(fields: readonly Field[]): Field | undefined {
  const needed = fields.filter(({ required, secret }) => required && !secret);
  const references = needed.filter(({ reference }) => reference !== undefined);
  if (references.length === 1) return references[0];
  if (needed.length === 0) {
    const named = fields.filter(({ reference }) => reference !== undefined);
    return named.length === 1 ? named[0] : undefined;
  }
  return needed.length === 1 ? needed.find(({ kind }) => kind === "text" || kind === "textOrDocument") : undefined;
}

function kindOf(schema: TSchema): Field["kind"] {
  if (isInstant(schema)) return "instant";
  const type = schema["type"] as unknown;
  if (type === "string" || choicesOf(schema).length > 0) return "text";
  if (type === "integer" || type === "number" || type === "boolean") return type;
  if (type === "array") return isObject(schema["items"] as TSchema) ? "document" : "list";
  if (isRecord(schema)) return "record";
  const alternatives = (schema["anyOf"] ?? []) as readonly TSchema[];
  return alternatives.some((each) => (each["type"] as unknown) === "string") ? "textOrDocument" : "document";
}

/** Of one shape or of several. */
const isObject = (schema: TSchema): boolean =>
  ((schema["anyOf"] ?? [schema]) as readonly TSchema[]).every((each) => (each["type"] as unknown) === "object");

const choicesOf = (schema: TSchema): readonly string[] => {
  const alternatives = (schema["anyOf"] ?? [schema]) as readonly { const?: unknown }[];
  return alternatives.every((each) => typeof each.const === "string")
    ? alternatives.map((each) => each.const as string)
    : [];
};

/** Of a list each item, else the whole. */
const partOf = (schema: TSchema): TSchema => (schema["items"] as TSchema | undefined) ?? schema;

const isRecord = (schema: TSchema): boolean => "patternProperties" in schema;
const valueSchemas = (schema: TSchema) => Object.values(schema["patternProperties"] as Record<string, TSchema>);
