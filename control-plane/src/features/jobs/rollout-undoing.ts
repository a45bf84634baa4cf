import type { Rollout } from "./rollout-life-contract.ts";
import type { RolloutSpec } from "./rollout-spec-contract.ts";

/** What undoes is harm too where it fails: then a person has to look. */
const ABORT = [{ percent: 50, least: 10 }];

/** How the rollout goes about it that undoes another one: with its newest wave first, and at any time. */
export function undoingSpec({ opened, spec }: Pick<Rollout, "opened" | "spec">): RolloutSpec {
  const { atOnce, budget, queueTimeout, runTimeout } = spec;
  return {
    waves: Array.from({ length: opened - 1 }, () => ({ success: 0 })),
    abort: ABORT,
    ...(atOnce !== undefined && { atOnce }),
    ...(budget !== undefined && { budget }),
    ...(queueTimeout !== undefined && { queueTimeout }),
    ...(runTimeout !== undefined && { runTimeout }),
  };
}

/** The wave in which a device is undone. */
export const undoingWave = ({ opened }: Pick<Rollout, "opened">, wave: number): number => opened - 1 - wave;
