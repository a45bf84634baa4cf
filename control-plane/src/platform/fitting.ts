import type { TSchema } from "@sinclair/typebox";
import { type TypeCheck, TypeCompiler } from "@sinclair/typebox/compiler";

interface Fitting {
  readonly check: TypeCheck<TSchema>;
  readonly hasDefaults: boolean;
}

const known = new WeakMap<TSchema, Fitting>();

/** Compiled when it is first asked for: most schemas of a control plane are of actions that are seldom asked. */
const fittingOf = (schema: TSchema): Fitting => {
  const found = known.get(schema);
  if (found !== undefined) return found;
  const fitting = {
    check: TypeCompiler.Compile(schema),
    // A property of that name is taken for one too: then there is a look that finds nothing.
    hasDefaults: JSON.stringify(schema).includes('"default":'),
  };
  known.set(schema, fitting);
  return fitting;
};

/** Whether a value fits a schema that stays, as those of actions do: what is wrong with one that does not, `fieldProblems` tells. */
export const fits = (schema: TSchema, value: unknown): boolean => fittingOf(schema).check.Check(value);

/** Whether there may be anything in it, however deep, that is filled in where it is left out. */
export const hasDefaults = (schema: TSchema): boolean => fittingOf(schema).hasDefaults;
