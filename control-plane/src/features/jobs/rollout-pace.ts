import { MINUTE } from "@edgemere/protocol/kit";
import type { RolloutSpec } from "./rollout-spec-contract.ts";

/** How many may begin, as of an instant; fractions count on. */
export interface Pace {
  readonly at: number;
  readonly allowance: number;
}

type Rate = NonNullable<RolloutSpec["rate"]>;

const UNLIMITED = 1_000_000_000;

/** Devices that begin a minute after so many have succeeded: constant, or growing by a factor each time `every` have. */
export function rateAfter({ perMinute, factor = 1, every = 1, most = Infinity }: Rate, succeeded: number): number {
  return Math.min(perMinute * factor ** Math.floor(succeeded / every), most);
}

/** The allowance as it has grown since: never more than what a minute brings, so that a pause saves nothing up. */
export function paceAt(
  rate: Rate | undefined,
  pace: Pace,
  { now, succeeded }: { now: number; succeeded: number },
): Pace {
  if (rate === undefined) return { at: now, allowance: UNLIMITED };
  const perMinute = rateAfter(rate, succeeded);
  const grown = pace.allowance + (perMinute * Math.max(0, now - pace.at)) / MINUTE;
  return { at: now, allowance: Math.min(grown, Math.max(1, perMinute)) };
}

/** When the next one may begin. */
export function nextTurn(rate: Rate | undefined, { at, allowance }: Pace, succeeded: number): number {
  if (rate === undefined || allowance >= 1) return at;
  return at + Math.ceil(((1 - allowance) * MINUTE) / rateAfter(rate, succeeded));
}
