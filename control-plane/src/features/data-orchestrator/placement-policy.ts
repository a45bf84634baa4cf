import type { Data, DataSource } from "../data-catalogue/contract.ts";
import type { decisions, Use } from "./contract.ts";

export type Decision = (typeof decisions)[number];

/** What is asked of the policy for each piece of data, and for each place that it could be brought to. */
export interface PlacementQuestion {
  readonly data: Data;
  /** Where it would be brought; undefined: it would be used where it lies. */
  readonly target: DataSource | undefined;
  /** What whoever needs it asks for. */
  readonly use: Use;
  readonly author: string;
}

/** A decision other than the one that was asked for comes with a reason that an operator understands. */
export interface PlacementAnswer {
  readonly decision: Decision;
  readonly reason: string;
}

/** The policy as it is now: one look at it, then answers without waiting. Safe to ask twice. */
export type PlacementPolicy = () => Promise<(question: PlacementQuestion) => PlacementAnswer>;

/** What holds where nobody wrote a policy: what lies in the right place stays there, and anything else is done as it was asked for. */
export const declaredPolicy: PlacementPolicy =
  async () =>
  ({ target, use }) =>
    target === undefined
      ? { decision: "leave", reason: "it can be used where it lies" }
      : { decision: use, reason: `it is wanted there: ${use}` };

/** Why an answer leads to nothing here; undefined when it can be carried out. */
export function hindrance(
  { decision, reason }: PlacementAnswer,
  data: Pick<Data, "access">,
  target: DataSource | undefined,
): string | undefined {
  if (decision === "refuse") return reason;
  if (decision === "move" && data.access !== "read-write")
    return "it cannot be moved: nothing may be taken away where it lies";
  if (decision === "mount") return "the policy would mount it, and nothing here can be mounted";
  if (target === undefined) return decision === "leave" ? undefined : `the policy would ${decision} it: ${reason}`;
  return decision === "leave" ? `the policy leaves it where it lies: ${reason}` : undefined;
}
