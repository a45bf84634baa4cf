/** As much of JSON Schema as an OpenAPI document of ours uses. */
export interface Schema {
  readonly type?: string;
  readonly const?: unknown;
  readonly anyOf?: readonly Schema[];
  readonly allOf?: readonly Schema[];
  readonly not?: Schema;
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly required?: readonly string[];
  readonly patternProperties?: Readonly<Record<string, Schema>>;
  readonly additionalProperties?: boolean | Schema;
  readonly items?: Schema;
  readonly minItems?: number;
  readonly maxItems?: number;
  readonly minimum?: number;
  readonly maximum?: number;
  readonly minLength?: number;
  readonly maxLength?: number;
  readonly pattern?: string;
  readonly "x-ref"?: string;
}

type Value = Readonly<Record<string, unknown>>;

/** Where a value is not what a schema says; undefined when it is. Of its own, so that the product's checker is not believed. */
export function mismatch(schema: Schema, value: unknown, at = ""): string | undefined {
  if ("const" in schema && schema.const !== value) return `${at} is not ${JSON.stringify(schema.const)}`;
  if (schema.anyOf && !schema.anyOf.some((each) => mismatch(each, value, at) === undefined))
    return `${at} is none of what it may be`;
  for (const each of schema.allOf ?? []) {
    const wrong = mismatch(each, value, at);
    if (wrong !== undefined) return wrong;
  }
  switch (schema.type) {
    case "object":
      return typeof value === "object" && value !== null && !Array.isArray(value)
        ? mismatchInObject(schema, value as Value, at)
        : `${at} is no object`;
    case "array":
      if (!Array.isArray(value)) return `${at} is no list`;
      if (value.length > (schema.maxItems ?? Infinity)) return `${at} has ${value.length} entries`;
      return first(value, (each, i) => mismatch(schema.items ?? {}, each, `${at}/${i}`));
    case "string":
      if (typeof value !== "string") return `${at} is no text`;
      if (isOutside([...value].length, schema.minLength, schema.maxLength)) return `${at} is too long or too short`;
      return schema.pattern !== undefined && !new RegExp(schema.pattern, "u").test(value)
        ? `${at} does not match ${schema.pattern}`
        : undefined;
    case "integer":
      return Number.isInteger(value) && !isOutside(Number(value), schema.minimum, schema.maximum)
        ? undefined
        : `${at} is no such whole number`;
    case "number":
      return typeof value === "number" && !isOutside(value, schema.minimum, schema.maximum)
        ? undefined
        : `${at} is no such number`;
    case "boolean":
      return typeof value === "boolean" ? undefined : `${at} is neither true nor false`;
    case "null":
      return value === null ? undefined : `${at} is not null`;
    default:
      return undefined;
  }
}

const isOutside = (value: number, least = -Infinity, most = Infinity): boolean => value < least || value > most;

function mismatchInObject(schema: Schema, value: Value, at: string): string | undefined {
  const missing = (schema.required ?? []).find((name) => !Object.hasOwn(value, name));
  if (missing !== undefined) return `${at}/${missing} is missing`;
  return first(Object.entries(value), ([name, each]) => {
    const own = Object.hasOwn(schema.properties ?? {}, name) ? schema.properties?.[name] : undefined;
    if (own !== undefined) return mismatch(own, each, `${at}/${name}`);
    const matching = Object.entries(schema.patternProperties ?? {}).find(([pattern]) =>
      new RegExp(pattern, "u").test(name),
    );
    if (matching !== undefined) return mismatch(matching[1], each, `${at}/${name}`);
    return schema.additionalProperties === false ? `${at}/${name} is not declared` : undefined;
  });
}

function first<T>(values: readonly T[], look: (value: T, place: number) => string | undefined): string | undefined {
  for (const [place, value] of values.entries()) {
    const found = look(value, place);
    if (found !== undefined) return found;
  }
  return undefined;
}
