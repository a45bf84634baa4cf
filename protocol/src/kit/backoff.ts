import type { Random } from "./env.ts";

export interface Backoff {
  /** Upper bound of the first pause, milliseconds. */
  readonly first: number;
  /** No pause is longer. */
  readonly longest: number;
}

/** A pause before try number `attempt` (from 0): anywhere below a bound that doubles, so that a fleet does not come back in step ("full jitter"). */
export const pauseBefore = (attempt: number, { first, longest }: Backoff, random: Random): number =>
  Math.round(random.next() * Math.min(longest, first * 2 ** Math.min(attempt, 30)));
