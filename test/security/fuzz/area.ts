import type { Account, Verdict } from "./tally.ts";

export interface Run {
  readonly seed: number;
  /** How much of the usual number of inputs: 1 in a test, more by hand. */
  readonly times: number;
  /** Only the case of this number. */
  readonly only?: number | undefined;
}

/** One part of the product and all that is thrown at it. */
export interface Area {
  readonly name: string;
  /** Throws what is made from the seed at it, the same again for the same seed. */
  run(run: Run): Promise<Account>;
  /** Throws inputs of the corpus at it, the form of which is the area's own. */
  replay(inputs: readonly unknown[]): Promise<readonly Verdict[]>;
}
