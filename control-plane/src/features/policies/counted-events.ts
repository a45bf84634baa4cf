import type { WatchedPolicy } from "./watched-policy.ts";

/** How far back each type of event is counted by some conditions, milliseconds. */
export function spansOf(
  conditions: readonly Pick<WatchedPolicy["condition"], "events">[],
): ReadonlyMap<string, number> {
  const spans = new Map<string, number>();
  for (const { type, span } of conditions.flatMap(({ events }) => events))
    spans.set(type, Math.max(spans.get(type) ?? 0, span));
  return spans;
}

/** By type: number and instant of each event that may still count. */
export type CountedEvents = ReadonlyMap<string, Map<number, number>>;

export const noEvents = (spans: ReadonlyMap<string, number>): CountedEvents =>
  new Map([...spans.keys()].map((type) => [type, new Map<number, number>()]));

/** Counts one that happened, and forgets those of its type that are too old by then. */
export function count(
  counted: CountedEvents,
  spans: ReadonlyMap<string, number>,
  { type, number, at }: { readonly type: string; readonly number: number; readonly at: number },
): void {
  const instants = counted.get(type);
  instants?.set(number, at);
  for (const [old, then] of instants ?? []) if (then <= at - (spans.get(type) ?? 0)) instants?.delete(old);
}
