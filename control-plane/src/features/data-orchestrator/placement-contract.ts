import type { PlatformContext } from "../../platform/context.ts";
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
export type PlacementPolicy = (context: PlatformContext) => Promise<(question: PlacementQuestion) => PlacementAnswer>;
