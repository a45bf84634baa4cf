import { Environment, ParseError, TypeError as CelTypeError, type ASTNode } from "@marcbachmann/cel-js";
import { Mistake } from "./expression-mistake.ts";
import type { Expression, FieldKind } from "./expression.ts";

const celTypes: Readonly<Record<FieldKind, string>> = {
  string: "string",
  number: "double",
  bool: "bool",
  map: "map<string, dyn>",
  list: "list<string>",
};

const limits = { maxAstNodes: 500, maxDepth: 32, maxListElements: 200, maxMapEntries: 0, maxCallArguments: 4 };

// What is not listed costs more than its length shows: a regular expression can run for hours, join and split multiply.
const allowedCalls = new Set(
  "has size int double string bool contains startsWith endsWith lowerAscii upperAscii trim indexOf".split(" "),
);
const loops = new Set(["exists", "all", "exists_one"]);

/** Whether somebody who wrote this meant CEL: asked only when it is neither. */
export const looksLikeCel = (text: string): boolean =>
  /==|&&|\|\||[?[\]{}]|"\s*in\b|\.\w+\(|\b(?!in\b|and\b|or\b|not\b|notin\b)\w+\(/.test(text);

/** A typed CEL condition. Throws Mistake. */
export function compileCel(text: string, fields: Readonly<Record<string, FieldKind>>): Expression {
  const environment = new Environment({ limits, homogeneousAggregateLiterals: false });
  for (const [name, kind] of Object.entries(fields)) environment.registerVariable(name, celTypes[kind]);
  // Numbers of a view are doubles, numbers that people write are mostly integers.
  environment.registerOperator("double == int", (a: number, b: bigint) => a === Number(b));
  environment.registerOperator("double * int", (a: number, b: bigint) => a * Number(b));
  environment.registerOperator("double / int", (a: number, b: bigint) => a / Number(b));
  environment.registerOperator("double + int", (a: number, b: bigint) => a + Number(b));
  environment.registerOperator("double - int", (a: number, b: bigint) => a - Number(b));
  try {
    const condition = environment.parse(text);
    refuseCostly(condition.ast, false);
    const { valid, type, error } = condition.check();
    if (!valid) throw error ?? new Mistake("the expression is not valid", 0);
    if (type !== "bool" && type !== "dyn")
      throw new Mistake(`the expression gives a ${type ?? "value"}; it must give true or false`, 0);
    return { matches: (view) => isTrue(() => condition(view)) };
  } catch (error) {
    throw mistakeOf(error, fields);
  }
}

/** A value that is missing or of another kind than the expression needs: no match. */
function isTrue(evaluate: () => unknown): boolean {
  try {
    return evaluate() === true;
  } catch {
    return false;
  }
}

/** Bounds what one evaluation can cost: known calls only, and no loop inside a loop. */
function refuseCostly(node: ASTNode, isInLoop: boolean): void {
  if (node.op !== "call" && node.op !== "rcall") {
    for (const child of childrenOf(node.args)) refuseCostly(child, isInLoop);
    return;
  }
  const [name] = node.args;
  const isLoop = node.op === "rcall" && loops.has(name);
  if (!isLoop && !allowedCalls.has(name))
    throw new Mistake(`${name}() is not available here; there are ${[...allowedCalls, ...loops].join(", ")}`, node.pos);
  if (isLoop && isInLoop) throw new Mistake(`${name}() may not stand inside another loop`, node.pos);
  for (const child of childrenOf(node.args)) refuseCostly(child, isInLoop || isLoop);
}

const childrenOf = (args: unknown): readonly ASTNode[] => {
  if (Array.isArray(args)) return args.flatMap((each) => childrenOf(each));
  return typeof args === "object" && args !== null && "op" in args ? [args as ASTNode] : [];
};

function mistakeOf(error: unknown, fields: Readonly<Record<string, FieldKind>>): unknown {
  if (!(error instanceof ParseError) && !(error instanceof CelTypeError)) return error;
  const { code, summary, range } = error;
  const known = Object.keys(fields).join(", ");
  const what =
    code === "unknown_variable"
      ? `there is no field "${summary.split(": ").at(-1) ?? ""}"; the fields are: ${known}`
      : summary;
  return new Mistake(what, range?.start ?? 0);
}
