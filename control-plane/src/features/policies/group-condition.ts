import type { Looked, Judgement, PolicyCondition } from "@edgemere/protocol/policy";
import { compileConditionOfParts, type CelFunction } from "../../platform/expression.ts";
import { Problem } from "../../platform/problem.ts";
import { Mistake } from "../../platform/expression-mistake.ts";
import { compileDevicePart, NoValue, verdictOf, type DevicePart } from "./condition.ts";
import { groupFields, groupFunctions, type GroupFunction } from "./group-functions.ts";
import type { Tally } from "./tally.ts";

const percentile = /^(100|[1-9]?\d)(\.\d{1,3})?$/;

/** Each sample of a device costs each of them. */
const PARTS_AT_MOST = 8;
const TOLD_AT_MOST = 256;

/** What a part of a condition asks of each device. */
export interface GroupPart extends DevicePart {
  /** How it stands in the condition: share(presence == "offline"). */
  readonly called: string;
  readonly isOrdered: boolean;
  /** Whether the devices that have less decide. */
  readonly isLeast: boolean;
}

/** What is known of a group. */
export interface GroupNumbers {
  readonly name: string;
  readonly devices: number;
  /** One for each part. */
  readonly tallies: readonly Tally[];
  /** Whether a device of which nobody knows any more may be about to tell: then nobody knows of the group. */
  readonly isEarly: boolean;
}

/** A condition over a group of devices, checked. */
export interface GroupCondition extends Omit<PolicyCondition, "judge"> {
  readonly parts: readonly GroupPart[];
  readonly judge: (of: GroupNumbers) => Judgement;
}

/**
 * Compiles the condition of a policy that is about groups: CEL over `group`, `devices` and the functions above, of which each asks every device
 * something that a condition about one device may ask. Throws Problem invalid-input that says what is wrong and where.
 */
export function compileGroupCondition(text: string): GroupCondition {
  let group: GroupNumbers | undefined;
  let looked: Looked[] = [];
  const functions = groupFunctions.map((each): CelFunction => {
    const call = (place: string, second = "") => {
      const { value, called } = numberOf(each, parts[Number(place)], group?.tallies[Number(place)], { second, group });
      looked.push({ what: called, ...(value !== undefined && { value }) });
      if (value === undefined) throw new NoValue();
      return value;
    };
    return { ...each, call };
  });
  const { condition, parts } = compileConditionOfParts(
    text,
    { fields: groupFields, functions },
    (part): GroupPart => {
      const called = groupFunctions.find(({ name }) => name === part.name);
      const { part: kind = "bool", isOrdered = false } = called ?? {};
      const name = `${part.name}(${part.text})`;
      return { ...compileDevicePart(part, kind), called: name, isOrdered, isLeast: part.name === "smallest" };
    },
    ({ calls, tree }) => {
      for (const { name, texts, at } of calls)
        if (name === "percentile" && !percentile.test(texts[1] ?? ""))
          throw new Mistake(`"${texts[1] ?? ""}" is no percent between 0 and 100, such as 95 or 99.9`, at);
      if (calls.length === 0)
        throw new Mistake(
          `it asks nothing of the devices of a group: it needs one of ${groupFunctions.map(({ name }) => name).join(", ")}`,
          tree.range.start,
        );
    },
  );
  if (parts.length > PARTS_AT_MOST)
    throw new Problem(
      "invalid-input",
      `a condition asks at most ${PARTS_AT_MOST} things of each device, and not ${parts.length}`,
    );
  return {
    parts,
    metrics: new Set(parts.flatMap(({ metrics }) => [...metrics])),
    windows: parts.flatMap(({ windows }) => windows),
    events: parts.flatMap(({ events }) => events),
    judge: (of) => {
      group = of;
      looked = [];
      const view = { group: of.name, devices: of.devices };
      const verdict = verdictOf(condition.evaluate, view, () => looked);
      return { verdict, looked };
    },
  };
}

interface Asked {
  readonly second: string;
  readonly group: GroupNumbers | undefined;
}

/** Of what is not known of most that should know it nobody can tell. */
function numberOf(
  { of }: GroupFunction,
  part: GroupPart | undefined,
  tally: Tally | undefined,
  { second, group }: Asked,
) {
  const words = part?.called ?? "";
  const called = second === "" ? words : `${words.slice(0, -1)}, "${second}")`;
  const shown = called.length > TOLD_AT_MOST ? `${called.slice(0, TOLD_AT_MOST)}…` : called;
  if (tally === undefined || tally.known === 0 || tally.missed > tally.known)
    return { value: undefined, called: shown };
  if (group?.isEarly === true && tally.missed > 0) return { value: undefined, called: shown };
  const value = of(tally, second);
  return { value: Number.isFinite(value) ? value : undefined, called: shown };
}
