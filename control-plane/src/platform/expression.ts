import { compileCel, looksLikeCel, parseCel, withoutParts, type CelCondition, type CelPart } from "./expression-cel.ts";
import { Mistake } from "./expression-mistake.ts";
import { compileSugar } from "./expression-sugar.ts";
import { Problem } from "./problem.ts";

export type { CelNode, CelPart } from "./expression-cel.ts";

export type FieldKind = "string" | "number" | "bool" | "map" | "list";

/** What an expression may speak of. */
export interface Vocabulary {
  readonly fields: Readonly<Record<string, FieldKind>>;
  /** The map field that every other word speaks of. */
  readonly labels: string;
}

export interface Expression {
  matches(view: Readonly<Record<string, unknown>>): boolean;
}

/** A function of CEL that a condition may call, with texts that are written out. What it throws ends the evaluation. */
export interface CelFunction {
  readonly name: string;
  /** What each of its texts says, for messages. */
  readonly takes: readonly string[];
  readonly gives: FieldKind;
  readonly call: (...texts: string[]) => unknown;
}

const LONGEST = 2_048;

/**
 * Compiles a condition over one thing. Two ways to write it: words (`site=berlin, role in (gw,edge)`, `owner:darren and
 * not archived`, `size > 1000`, where the comma is an "and" that binds weakest) and CEL (`presence == "online" &&
 * inventory["os.name"] == "Debian"`). A word is a declared field, else a label. In CEL, whatever needs a value that is
 * not there, or that is of another kind, does not match; in words, `site!=berlin` and `!site` also match what has no
 * site. Throws Problem invalid-input that says what is wrong and where.
 */
export function compileExpression(text: string, vocabulary: Vocabulary): Expression {
  refuseLong(text);
  const sugar = attempt(() => compileSugar(text, vocabulary));
  if (!(sugar instanceof Mistake)) return sugar;
  const cel = attempt(() => compileCel(text, vocabulary.fields));
  if (!(cel instanceof Mistake)) return cel;
  throw refusal(text, looksLikeCel(text) ? cel : sugar);
}

/**
 * Compiles a condition that is CEL and nothing else, over fields and functions. `check` may refuse what it calls, by a Mistake.
 * Throws Problem invalid-input that says what is wrong and where.
 */
export function compileCondition(
  text: string,
  { fields, functions }: { readonly fields: Vocabulary["fields"]; readonly functions: readonly CelFunction[] },
  check: (condition: CelCondition) => void = () => {},
): CelCondition {
  refuseLong(text);
  const condition = attempt(() => {
    const parsed = parseCel(text, fields, functions);
    check(parsed);
    return parsed;
  });
  if (condition instanceof Mistake) throw refusal(text, condition);
  return condition;
}

/**
 * Compiles a condition over a whole that is CEL and nothing else. The first argument of its functions is an expression over each of what the whole
 * is made of: `compilePart` compiles it, or refuses it by a Mistake, and its place among the parts, as a text, is what the function is handed.
 * Throws Problem invalid-input that says what is wrong and where.
 */
export function compileConditionOfParts<P>(
  text: string,
  { fields, functions }: { readonly fields: Vocabulary["fields"]; readonly functions: readonly CelFunction[] },
  compilePart: (part: CelPart) => P,
  check: (condition: CelCondition) => void = () => {},
): { readonly condition: CelCondition; readonly parts: readonly P[] } {
  refuseLong(text);
  const compiled = attempt(() => {
    const { text: rest, parts } = withoutParts(text, new Set(functions.map(({ name }) => name)));
    const made = parts.map((each) => compilePart(each));
    const condition = parseCel(rest, fields, functions);
    check(condition);
    return { condition, parts: made };
  });
  if (compiled instanceof Mistake) throw refusal(text, compiled);
  return compiled;
}

function refuseLong(text: string): void {
  if (text.length > LONGEST)
    throw new Problem("invalid-input", `an expression has at most ${LONGEST} characters, not ${text.length}`);
}

function attempt<T>(compile: () => T): T | Mistake {
  try {
    return compile();
  } catch (error) {
    if (error instanceof Mistake) return error;
    throw error;
  }
}

/** What whoever wrote an expression is told: what is wrong in it, and where. */
export function refusal(text: string, { message, at }: Mistake): Problem {
  const before = text.slice(0, at).split("\n");
  const column = (before.at(-1)?.length ?? 0) + 1;
  return new Problem("invalid-input", `${message}, at line ${before.length}, column ${column} of "${text}"`);
}
