import { SECOND } from "../kit/index.ts";
import { nextOf, standingAfter, type Next, type Standing } from "./course.ts";
import { stepOf } from "./observations.ts";
import { readingOf, type Observed } from "./reading.ts";
import type { Judgement, PolicyCondition } from "./words.ts";

/** What hangs on time alone is looked at again no more often than that. */
const LEAST_LOOK = 10 * SECOND;

/** A condition with its times, in milliseconds. */
export interface Watching {
  readonly condition: PolicyCondition;
  readonly for: number;
  readonly keepFiringFor: number;
  readonly freshFor: number;
  /** How often a condition must be looked at that changes with time; undefined where it does not. */
  readonly lookEvery: number | undefined;
}

/** How often a condition must be looked at that changes with time; undefined where it does not. */
export function lookEveryOf({ windows, events }: PolicyCondition): number | undefined {
  const spans = [...windows, ...events].map(({ span }) => stepOf(span));
  return spans.length === 0 ? undefined : Math.max(LEAST_LOOK, Math.min(...spans));
}

/** Looks at a condition once: what becomes of its alert, and of what. */
export function lookedAt(
  watching: Watching,
  standing: Standing | undefined,
  observed: Observed,
  { now, missingAt }: { readonly now: number; readonly missingAt?: number | undefined },
): { readonly next: Next; readonly standing: Standing | undefined; readonly judgement: Judgement } {
  const judgement = watching.condition.judge(readingOf(observed, watching, now));
  const next = nextOf(standing, {
    now,
    verdict: judgement.verdict,
    for: watching.for,
    keepFiringFor: watching.keepFiringFor,
    missingAt,
    lookAgainAt: watching.lookEvery === undefined ? undefined : now + watching.lookEvery,
  });
  return { next, judgement, standing: standingAfter(standing, next, now) };
}
