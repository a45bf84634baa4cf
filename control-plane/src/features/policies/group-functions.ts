import type { FieldKind } from "../../platform/expression.ts";
import type { PartKind } from "./condition.ts";
import type { Tally } from "./tally.ts";

/** The fields of a condition over a group. */
export const groupFields = { group: "string", devices: "number" } as const satisfies Readonly<
  Record<string, FieldKind>
>;

export interface GroupFunction {
  readonly name: string;
  readonly takes: readonly string[];
  readonly gives: "number";
  readonly summary: string;
  /** What is asked of each device. */
  readonly part: PartKind;
  readonly isOrdered: boolean;
  readonly of: (tally: Tally, second: string) => number | undefined;
}

const over = (
  part: PartKind,
  isOrdered: boolean,
  name: string,
  summary: string,
  of: GroupFunction["of"],
): GroupFunction => ({
  name,
  takes: [part === "bool" ? "condition" : "number", ...(name === "percentile" ? ["percent"] : [])],
  gives: "number",
  summary,
  part,
  isOrdered,
  of,
});

/** Functions over what each device of a group gives. */
export const groupFunctions: readonly GroupFunction[] = [
  over(
    "bool",
    false,
    "share",
    "The share of the devices on which a condition holds, 0 to 1",
    ({ sum, known }) => sum / known,
  ),
  over("bool", false, "count", "On how many of the devices a condition holds", ({ sum }) => sum),
  over("number", false, "average", "The mean of what the devices have", ({ sum, known }) => sum / known),
  over("number", false, "sum", "The sum of what the devices have", ({ sum }) => sum),
  over("number", true, "smallest", "The least of what the devices have", (tally) => tally.at(0)),
  over("number", true, "largest", "The greatest of what the devices have", (tally) => tally.at(1)),
  over("number", true, "percentile", "What so many percent of the devices do not go beyond", (tally, percent) =>
    tally.at(Number(percent) / 100),
  ),
];
