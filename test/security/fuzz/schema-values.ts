import type { Chance } from "./chance.ts";
import { hostileInstants, hostileNumbers, hostileTexts } from "./hostile-values.ts";
import type { Schema } from "./schema.ts";

/** Stands for an id that is known when it is sent: of a device, a job … */
const placeholder = (resource: string): string => `{${resource}}`;

const words = [
  ..."device site kind size name presence owner tags inventory log online 1 1000 9007199254740993 1e308 -1 0.5".split(
    " ",
  ),
  ...'true false null "a" \'b\' "\\ud800" [1,2] {} ( ) ( ) ( and or not in notin == != < > <= >= = : , . + - * / % && || ! ?'.split(
    " ",
  ),
  ...'has(a) size(name) name.contains("a") tags.exists(t,t=="a") .matches("(a+)+$") tags["os.name"] int("9") double("x")'.split(
    " ",
  ),
];

/** Something that looks like an expression from afar. */
const expression = (chance: Chance): string =>
  Array.from({ length: 1 + chance.below(chance.oneIn(50) ? 400 : 9) }, () => chance.pick(words)).join(
    chance.pick([" ", " ", ""]),
  );

function text(name: string, schema: Schema, chance: Chance): string {
  if (["selector", "expression", "query"].includes(name) && !chance.oneIn(6)) return expression(chance);
  if (schema["x-ref"] !== undefined && !chance.oneIn(4)) return placeholder(schema["x-ref"]);
  if (name === "cursor" && !chance.oneIn(3)) return placeholder("cursor");
  if (name === "token" && !chance.oneIn(3)) return placeholder("enrolment");
  if (name === "certificateRequest" && !chance.oneIn(3)) return placeholder("request");
  if (name === "messageKey" && !chance.oneIn(3)) return Buffer.alloc(chance.pick([32, 31, 33])).toString("base64");
  if (schema.pattern !== undefined && !chance.oneIn(4)) return `a${chance.below(1_000)}`;
  const { minLength = 0, maxLength = 300 } = schema;
  if (chance.oneIn(6)) return "x".repeat(chance.pick([minLength, maxLength]));
  return chance.pick(hostileTexts).slice(0, maxLength).padEnd(minLength, "x");
}

const number = (schema: Schema, chance: Chance): number => {
  const { minimum = 0, maximum = 100_000 } = schema;
  return chance.pick([minimum, maximum, minimum + chance.below(10), chance.pick(hostileInstants)]);
};

/** Something a schema allows, mostly at its border. */
export function valueOf(name: string, schema: Schema, chance: Chance): unknown {
  if (schema.const !== undefined) return schema.const;
  if (schema.anyOf !== undefined) return valueOf(name, chance.pick(schema.anyOf), chance);
  switch (schema.type) {
    case "object":
      return {
        ...propertiesOf(schema, chance),
        ...(schema.patternProperties && chance.oneIn(2) ? freeProperties(schema, chance) : {}),
      };
    case "array":
      return Array.from({ length: (schema.minItems ?? 0) + chance.below(3) }, () =>
        valueOf(name, schema.items ?? {}, chance),
      );
    case "string":
      return text(name, schema, chance);
    case "integer":
      return Math.trunc(number(schema, chance));
    case "number":
      return number(schema, chance);
    case "boolean":
      return chance.oneIn(2);
    default:
      return chance.pick([null, true, 1, "a", [], {}, ...hostileTexts]);
  }
}

/** What is required, and here and there what is not. */
export const propertiesOf = (schema: Schema, chance: Chance): Record<string, unknown> =>
  Object.fromEntries(
    Object.entries(schema.properties ?? {})
      .filter(([name]) => schema.required?.includes(name) === true || chance.oneIn(2))
      .map(([name, each]) => [name, valueOf(name, each, chance)]),
  );

const freeProperties = (schema: Schema, chance: Chance): Record<string, unknown> =>
  Object.fromEntries(
    Object.values(schema.patternProperties ?? {}).map((each) => [
      chance.pick([...hostileTexts.filter((each) => each !== "__proto__"), "site", "argv", "name", "env", "cwd"]),
      chance.oneIn(2) ? valueOf("", each, chance) : chance.pick([["true"], "a", 1, { a: 1 }]),
    ]),
  );

const deep = (depth: number): unknown => (depth === 0 ? 1 : { a: deep(depth - 1) });

/** Something a schema surely does not allow, made of something it does; undefined where it allows anything. */
export function negated(schema: Schema, chance: Chance): Record<string, unknown> | undefined {
  const valid = propertiesOf(schema, chance);
  const names = Object.keys(schema.properties ?? {});
  const required = schema.required ?? [];
  const scalar = names.filter((name) =>
    ["string", "integer", "boolean"].includes(schema.properties?.[name]?.type ?? ""),
  );
  const wrong: (() => Record<string, unknown> | undefined)[] = [
    () => ({ ...valid, [chance.pick(["zzz", "constructor", "toString", "a b", "Device"])]: 1 }),
    () => {
      const dropped = required[chance.below(required.length)];
      if (dropped === undefined) return undefined;
      return Object.fromEntries(Object.entries(valid).filter(([name]) => name !== dropped));
    },
    () => withOne(scalar, chance, () => chance.pick([{}, { a: 1 }, [[]], deep(40), "\ud800"]), valid),
    () =>
      withOne(
        names.filter((name) => schema.properties?.[name]?.minimum !== undefined),
        chance,
        (name) => {
          const { minimum = 0, maximum = Infinity, type } = schema.properties?.[name] ?? {};
          return chance.pick([
            minimum - 1,
            ...(type === "integer" ? [0.5] : []),
            "many",
            ...hostileNumbers.filter((each) => each > maximum || each === Infinity),
          ]);
        },
        valid,
      ),
    () =>
      withOne(
        names.filter((name) => schema.properties?.[name]?.maxLength !== undefined),
        chance,
        (name) => "x".repeat((schema.properties?.[name]?.maxLength ?? 0) + 1),
        valid,
      ),
  ];
  return chance.pick(wrong)();
}

function withOne(
  names: readonly string[],
  chance: Chance,
  make: (name: string) => unknown,
  valid: Record<string, unknown>,
): Record<string, unknown> | undefined {
  if (names.length === 0) return undefined;
  const name = chance.pick(names);
  return { ...valid, [name]: make(name) };
}
