import { Environment, ParseError, TypeError as CelTypeError, type ASTNode } from "@marcbachmann/cel-js";
import { Mistake } from "./expression-mistake.ts";
import type { CelFunction, Expression, FieldKind } from "./expression.ts";

const celTypes: Readonly<Record<FieldKind, string>> = {
  string: "string",
  number: "double",
  bool: "bool",
  map: "map<string, dyn>",
  list: "list<string>",
};

const kinds = {
  bool: { types: ["bool", "dyn"], words: "true or false" },
  number: { types: ["double", "int", "dyn"], words: "a number" },
} as const satisfies Record<string, { readonly types: readonly string[]; readonly words: string }>;

const limits = { maxAstNodes: 500, maxDepth: 32, maxListElements: 200, maxMapEntries: 0, maxCallArguments: 4 };

// What is not listed costs more than its length shows: a regular expression can run for hours, join and split multiply.
const allowedCalls = new Set(
  "has size int double string bool contains startsWith endsWith lowerAscii upperAscii trim indexOf".split(" "),
);
const loops = new Set(["exists", "all", "exists_one"]);

/** Whether somebody who wrote this meant CEL: asked only when it is neither. */
export const looksLikeCel = (text: string): boolean =>
  /==|&&|\|\||[?[\]{}]|"\s*in\b|\.\w+\(|\b(?!in\b|and\b|or\b|not\b|notin\b)\w+\(/.test(text);

/** What a condition calls, with the texts that it gives. */
export interface CelCall {
  readonly name: string;
  readonly texts: readonly string[];
  /** An index into the condition's text. */
  readonly at: number;
}

export type CelNode = ASTNode;

/** A condition that was checked: throws what its functions throw, and what CEL does about a value that is missing or of another kind. */
export interface CelCondition {
  readonly evaluate: (view: Readonly<Record<string, unknown>>) => boolean;
  /** What it gives, where that is not true or false. */
  readonly value: (view: Readonly<Record<string, unknown>>) => unknown;
  /** Of the functions that were given, wherever they stand in it. */
  readonly calls: readonly CelCall[];
  /** The fields that it speaks of. */
  readonly fields: ReadonlySet<string>;
  readonly tree: CelNode;
}

/** A typed CEL condition that matches where it gives true. Throws Mistake. */
export function compileCel(text: string, fields: Readonly<Record<string, FieldKind>>): Expression {
  const { evaluate } = parseCel(text, fields);
  return { matches: (view) => isTrue(() => evaluate(view)) };
}

/** A typed CEL condition over fields and functions, of which one evaluation costs little; or what gives a number. Throws Mistake. */
export function parseCel(
  text: string,
  fields: Readonly<Record<string, FieldKind>>,
  functions: readonly CelFunction[] = [],
  gives: "bool" | "number" = "bool",
): CelCondition {
  const environment = new Environment({ limits, homogeneousAggregateLiterals: false });
  for (const [name, kind] of Object.entries(fields)) environment.registerVariable(name, celTypes[kind]);
  for (const { name, takes, gives, call } of functions)
    environment.registerFunction(`${name}(${takes.map(() => "string").join(", ")}): ${celTypes[gives]}`, call);
  // Numbers of a view are doubles, numbers that people write are mostly integers.
  environment.registerOperator("double == int", (a: number, b: bigint) => a === Number(b));
  environment.registerOperator("double * int", (a: number, b: bigint) => a * Number(b));
  environment.registerOperator("double / int", (a: number, b: bigint) => a / Number(b));
  environment.registerOperator("double + int", (a: number, b: bigint) => a + Number(b));
  environment.registerOperator("double - int", (a: number, b: bigint) => a - Number(b));
  try {
    const condition = environment.parse(text);
    const own = new Set(functions.map(({ name }) => name));
    refuseCostly(condition.ast, own, false);
    const { valid, type, error } = condition.check();
    if (!valid) throw error ?? new Mistake("the expression is not valid", 0);
    if (!(kinds[gives].types as readonly string[]).includes(type ?? ""))
      throw new Mistake(
        `the expression gives a ${type ?? "value"}; it must give ${kinds[gives].words}`,
        condition.ast.range.start,
      );
    return {
      evaluate: (view) => condition(view) === true,
      value: condition,
      calls: callsIn(condition.ast, own),
      fields: new Set(namesIn(condition.ast).filter((name) => Object.hasOwn(fields, name))),
      tree: condition.ast,
    };
  } catch (error) {
    throw mistakeOf(error, fields, functions);
  }
}

/** A value that is missing or of another kind than the expression needs: no match. */
function isTrue(evaluate: () => boolean): boolean {
  try {
    return evaluate();
  } catch {
    return false;
  }
}

/** Bounds what one evaluation can cost: known calls only, and no loop inside a loop. */
function refuseCostly(node: ASTNode, own: ReadonlySet<string>, isInLoop: boolean): void {
  if (node.op !== "call" && node.op !== "rcall") {
    for (const child of childrenOf(node.args)) refuseCostly(child, own, isInLoop);
    return;
  }
  const [name] = node.args;
  const isLoop = node.op === "rcall" && loops.has(name);
  const isOwn = node.op === "call" && own.has(name);
  if (!isLoop && !isOwn && !allowedCalls.has(name))
    throw new Mistake(
      `${name}() is not available here; there are ${[...own, ...allowedCalls, ...loops].join(", ")}`,
      node.pos,
    );
  if (isLoop && isInLoop) throw new Mistake(`${name}() may not stand inside another loop`, node.pos);
  for (const child of childrenOf(node.args)) refuseCostly(child, own, isInLoop || isLoop);
}

/** The calls of some functions. What they are given is known before they run, so that it is known what a condition looks at. */
function callsIn(node: ASTNode, own: ReadonlySet<string>): readonly CelCall[] {
  const below = childrenOf(node.args).flatMap((child) => callsIn(child, own));
  if (node.op !== "call" || !own.has(node.args[0])) return below;
  const [name, given] = node.args;
  const texts = given.map(({ op, args, range }) => {
    if (op !== "value" || typeof args !== "string")
      throw new Mistake(`${name}() takes texts in quotes that are written out`, range.start);
    return args;
  });
  return [{ name, texts, at: node.range.start }, ...below];
}

/** An argument that is an expression over something else. */
export interface CelPart {
  readonly name: string;
  /** The expression alone, behind so much room that its places are those of the whole text. */
  readonly padded: string;
  readonly text: string;
}

/**
 * The first arguments of some functions, taken out of a text, with a number in quotes in place of each: what is the same in two places has one
 * number. Throws Mistake.
 */
export function withoutParts(
  text: string,
  names: ReadonlySet<string>,
): { readonly text: string; readonly parts: readonly CelPart[] } {
  const parts: CelPart[] = [];
  let [rest, end] = ["", 0];
  for (const node of outerCalls(parsed(text), names)) {
    const [name, [first, second]] = node.args as [string, ASTNode[]];
    if (first === undefined) throw new Mistake(`${name}() takes what is asked of each device`, node.range.start);
    const from = text.indexOf("(", node.range.start) + 1;
    const to = second === undefined ? node.range.end - 1 : text.lastIndexOf(",", second.range.start);
    const part = { name, text: text.slice(from, to).trim(), padded: blank(text.slice(0, from)) + text.slice(from, to) };
    const known = parts.findIndex((each) => each.name === name && each.text === part.text);
    const place = known < 0 ? parts.push(part) - 1 : known;
    rest += text.slice(end, from) + `"${place}"`.padEnd(to - from);
    end = to;
  }
  return { text: rest + text.slice(end), parts };
}

const blank = (text: string): string => text.replaceAll(/[^\n]/g, " ");

function parsed(text: string): ASTNode {
  try {
    return new Environment({ limits }).parse(text).ast;
  } catch (error) {
    throw mistakeOf(error, {}, []);
  }
}

/** Calls of some functions that do not stand in one of them, in the order of the text. */
function outerCalls(node: ASTNode, names: ReadonlySet<string>): readonly ASTNode[] {
  if (node.op === "call" && names.has(node.args[0])) return [node];
  return childrenOf(node.args).flatMap((child) => outerCalls(child, names));
}

const namesIn = (node: ASTNode): readonly string[] =>
  node.op === "id" ? [node.args] : childrenOf(node.args).flatMap(namesIn);

const childrenOf = (args: unknown): readonly ASTNode[] => {
  if (Array.isArray(args)) return args.flatMap((each) => childrenOf(each));
  return typeof args === "object" && args !== null && "op" in args ? [args as ASTNode] : [];
};

function mistakeOf(
  error: unknown,
  fields: Readonly<Record<string, FieldKind>>,
  functions: readonly CelFunction[],
): unknown {
  if (!(error instanceof ParseError) && !(error instanceof CelTypeError)) return error;
  const { code, summary, range } = error;
  const called = /overload for '(\w+)\(/.exec(summary)?.[1] ?? "";
  const meant = functions.filter(({ name }) => name === called);
  if (meant.length > 0)
    return new Mistake(
      `${called}() takes ${meant.map(({ takes }) => takes.map((each) => `"${each}"`).join(", ")).join(" or ")}`,
      range?.start ?? 0,
    );
  const known = Object.keys(fields).join(", ");
  const what =
    code === "unknown_variable"
      ? `there is no field "${summary.split(": ").at(-1) ?? ""}"; the fields are: ${known}`
      : summary;
  return new Mistake(what, range?.start ?? 0);
}
