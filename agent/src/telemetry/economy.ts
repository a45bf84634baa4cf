import { MINUTE } from "@edgemere/protocol/kit";
import { fits } from "./dead-band.ts";
import type { Row } from "./roll-up.ts";

/** How a device saves data, in this order: each step does what those before it do. */
export const economySteps = ["full", "slower", "coarser", "essential"] as const;
export type EconomyStep = (typeof economySteps)[number];

/** What a step asks of the sampler. Durations are milliseconds. */
interface Economy {
  /** Reports are at least so far apart. */
  readonly report: number;
  /** One row stands for at least so long; samples are sent as they are when absent. */
  readonly resolution?: number;
  /** Metrics that are still sent, as patterns; all of them when absent. */
  readonly only?: readonly string[];
}

export const economies: Readonly<Record<EconomyStep, Economy>> = {
  full: { report: 0 },
  slower: { report: 5 * MINUTE },
  coarser: { report: 5 * MINUTE, resolution: 5 * MINUTE },
  essential: {
    report: 15 * MINUTE,
    resolution: 15 * MINUTE,
    only: [
      "cpu.busy_percent",
      "memory.used_percent",
      "filesystem.used_percent",
      "temperature.*",
      "probe.lost_percent",
      "agent.data_*",
    ],
  },
};

/** What stays of a row. */
export const savedRow = ({ at, readings }: Row, step: EconomyStep): Row => {
  const { only } = economies[step];
  if (only === undefined) return { at, readings };
  return { at, readings: readings.filter(({ metric }) => only.some((pattern) => fits(pattern, metric))) };
};

/** How far the month and its budget are gone, each as a share of 1. */
export interface Spending {
  readonly used: number;
  readonly elapsed: number;
}

// At the beginning of a month a device may send what has waited.
const AHEAD = 0.05;
// By so much the use may be ahead of the month before a step is taken, and when it is surely used up.
const TAKEN_AT: Readonly<Record<EconomyStep, number>> = { full: -Infinity, slower: 0, coarser: 0.05, essential: 0.1 };
const NEARLY_USED_UP = 0.97;
// A step is left when the use is so far below what it was taken at, so that none comes and goes.
const LEFT_BELOW = 0.03;

/** The step that follows: use may go ahead of the month by a twentieth of the budget. */
export function stepAfter(step: EconomyStep, { used, elapsed }: Spending): EconomyStep {
  const ahead = used - (AHEAD + (1 - AHEAD) * Math.min(1, Math.max(0, elapsed)));
  if (used >= NEARLY_USED_UP) return "essential";
  const stays = (each: EconomyStep) => economySteps.indexOf(each) <= economySteps.indexOf(step);
  return economySteps.findLast((each) => ahead > TAKEN_AT[each] - (stays(each) ? LEFT_BELOW : 0)) ?? "full";
}
