import { Type } from "@sinclair/typebox";
import { statesOf, type AnyResource } from "./resource.ts";

/** Input of a list of rows that have a life. */
export const statesInput = (of: AnyResource) => ({
  state: Type.Optional(
    Type.Array(Type.Union(statesOf(of).map((each) => Type.Literal(each))), { description: "Only in these states" }),
  ),
});

/** Whether a row is in one of the states that were asked for; where none were, all are. */
export const isInState =
  (asked: readonly string[] | undefined) =>
  (row: object): boolean =>
    asked === undefined || ("state" in row && asked.includes(String(row.state)));
