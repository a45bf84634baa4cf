import { limits, type CommandKind } from "@edgemere/protocol";
import { hasOperator, ownFields, programOf, type PolicyCondition, type Step } from "@edgemere/protocol/policy";
import type { CelNode } from "../../platform/expression.ts";
import { compilePolicyCondition } from "./condition.ts";
import type { PolicySpec } from "./contract.ts";
import { isAskedFor } from "./effect-contract.ts";
import { isPerGroup } from "./per.ts";

/** What a device may ask of itself: nothing dangerous, and nothing that needs the centre, as output does that somebody has to keep. */
export const kindsOnDevice = ["inventory.refresh", "service.status"] as const satisfies readonly CommandKind[];
export type KindOnDevice = (typeof kindsOnDevice)[number];
export const isKindOnDevice = (kind: string): kind is KindOnDevice =>
  (kindsOnDevice as readonly string[]).includes(kind);

type Asked = Partial<Pick<PolicySpec, "per" | "noData" | "schedule" | "effects" | "admission">> &
  Pick<PolicySpec, "condition">;

export const ASKED_IN_CENTRE = "admission: what is asked before actions is asked in the centre only";
export const GROUPS_IN_CENTRE = "per: no device knows what the others of its group measure";

/** Why devices cannot watch a policy by themselves; empty where they can. Throws Problem where its condition is wrong. */
export function obstaclesOnDevice({
  condition,
  per,
  noData = 0,
  schedule,
  effects = [],
  admission,
}: Asked): readonly string[] {
  if (admission !== undefined) return [ASKED_IN_CENTRE];
  if (isPerGroup({ per })) return [GROUPS_IN_CENTRE];
  const { obstacles } = closedForm(compilePolicyCondition(condition).tree);
  if (noData > 0) obstacles.push("noData: that a device is silent is seen in the centre only");
  if (schedule !== undefined) obstacles.push("schedule: hours are kept in the centre only");
  // Who is told is told of alerts, and of those that devices decide about too.
  for (const effect of effects.filter(isAskedFor)) {
    if (effect.do !== "command")
      obstacles.push(`effects: what is to be done with "${effect.do}" is done in the centre only`);
    else if (!isKindOnDevice(effect.kind))
      obstacles.push(`effects: a device asks itself for ${kindsOnDevice.join(", ")} only, not for ${effect.kind}`);
  }
  return [...new Set(obstacles)];
}

/** A condition in its closed form. Throws Problem where it is wrong, and RangeError where it has none. */
export function stepsOf(condition: string): readonly Step[] {
  const { steps, obstacles } = closedForm(compilePolicyCondition(condition).tree);
  if (obstacles.length > 0) throw new RangeError(obstacles.join("; "));
  return steps;
}

/** A condition as devices judge it, ready to be judged here. */
export const conditionOnDevice = (condition: string): PolicyCondition => programOf(stepsOf(condition));

function closedForm(tree: CelNode): { readonly steps: readonly Step[]; readonly obstacles: string[] } {
  const obstacles: string[] = [];
  const steps = stepsIn(tree, (what) => obstacles.push(`condition: ${what}`));
  if (obstacles.length === 0 && steps.length > limits.conditionSteps)
    obstacles.push(`condition: it takes ${steps.length} steps, over the limit of ${limits.conditionSteps}`);
  if (obstacles.length > 0) return { steps, obstacles };
  try {
    programOf(steps);
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    obstacles.push(`condition: ${error.message}`);
  }
  return { steps, obstacles };
}

/** The steps of a part of a condition, what is worked on before what works on it. */
function stepsIn(node: CelNode, hinder: (what: string) => void): readonly Step[] {
  const below = (part: CelNode) => stepsIn(part, hinder);
  switch (node.op) {
    case "value":
      return valueStep(node.args, hinder);
    case "id":
      if (!(ownFields as readonly string[]).includes(node.args))
        hinder(`a device knows ${ownFields.join(" and ")} of itself, and not ${node.args}`);
      return [{ field: node.args }];
    case "call": {
      const [name, texts] = node.args;
      if (name === "happened") hinder("events of a device are counted in the centre only");
      const written = texts.flatMap(({ args }) => (typeof args === "string" ? [args] : []));
      if (written.length < texts.length) hinder(`${name}() is not known to devices`);
      return [{ call: { name, texts: written } }];
    }
    case "!_":
    case "-_":
      return [...below(node.args), { operator: node.op === "!_" ? "!" : "neg" }];
    default: {
      if (!hasOperator(node.op) || !isPair(node.args)) {
        hinder(`devices do not know "${node.op}"`);
        return [];
      }
      // CEL divides whole numbers without a rest.
      if (node.op === "/" && node.args.every(isWhole))
        hinder("whole numbers that are written out are not divided there");
      return [...node.args.flatMap(below), { operator: node.op }];
    }
  }
}

function valueStep(value: unknown, hinder: (what: string) => void): readonly Step[] {
  if (typeof value === "bigint" && !Number.isSafeInteger(Number(value))) hinder(`${value} is too large for a device`);
  if (typeof value === "bigint" || typeof value === "number") return [{ number: Number(value) }];
  if (typeof value === "boolean") return [{ truth: value }];
  if (typeof value !== "string") hinder("devices know numbers, texts, true and false only");
  return [{ text: String(value) }];
}

const isPair = (args: unknown): args is readonly [CelNode, CelNode] => Array.isArray(args) && args.length === 2;

/** A number that is written out without a point, or made of such. */
function isWhole(node: CelNode): boolean {
  if (node.op === "value") return typeof node.args === "bigint";
  if (node.op === "-_") return isWhole(node.args);
  return isPair(node.args) && node.args.every(isWhole);
}
