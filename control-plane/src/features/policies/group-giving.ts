import { readingOf } from "@edgemere/protocol/policy";
import type { GroupPolicy } from "./group-policy.ts";
import type { Given } from "./tally.ts";
import type { Known } from "./watch.ts";

/** What a device gives to each part of a condition. */
export function givenBy(
  known: Pick<Known, "view" | "observations" | "events">,
  { condition: { parts }, freshFor }: Pick<GroupPolicy, "condition" | "freshFor">,
  now: number,
): readonly Given[] {
  const reading = readingOf(known, { freshFor }, now);
  return parts.map(({ judge, metrics }) => {
    const { value } = judge(reading);
    return { value, isMissed: value === undefined && known.observations.newestAt(metrics) > -Infinity };
  });
}

/** When time alone may change what a device gives: a value is too old then, or a window has moved on. */
export function changesAt(
  { observations }: Pick<Known, "observations">,
  { condition: { metrics, events }, freshFor, lookEvery }: Pick<GroupPolicy, "condition" | "freshFor" | "lookEvery">,
  given: readonly Given[] | undefined,
  now: number,
): number {
  if (given === undefined) return Infinity;
  const olds = [...metrics].map((each) => observations.newestAt([each]) + freshFor + 1).filter((at) => at > now);
  const isMoving = lookEvery !== undefined && (events.length > 0 || given.some(({ value }) => value !== undefined));
  return Math.min(...olds, isMoving ? now + lookEvery : Infinity);
}
