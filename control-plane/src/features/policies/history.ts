import type { OutputOf } from "../../platform/action.ts";
import { askItself } from "../../platform/dispatch.ts";
import { readHistory } from "../telemetry-aggregator/contract.ts";
import type { PoliciesContext } from "./context.ts";

/** So many values of a series are read of a range; where there are more, the last one of each step. */
export const POINTS = 10_000;

interface Past {
  readonly device: string;
  readonly metrics: Iterable<string>;
  readonly from: number;
  readonly to?: number;
}

/** What is stored of a device's metrics in a range. */
export async function historyOf(
  { metrics, ...range }: Past,
  context: PoliciesContext,
): Promise<OutputOf<typeof readHistory>["series"]> {
  const asked = { ...range, metric: [...metrics], points: POINTS };
  return (await askItself(readHistory, asked, context)).series;
}
