import type { Observations } from "./observations.ts";
import type { Reading } from "./words.ts";

/** What is known of a device, whatever instant is asked about. */
export interface Observed {
  readonly view: Reading["view"];
  readonly observations: Observations;
  /** Events that policies count, by type: when which of them happened. */
  readonly events: ReadonlyMap<string, Map<number, number>>;
}

/** What a policy may read of a device at an instant. */
export function readingOf(
  { view, observations, events }: Observed,
  { freshFor }: { readonly freshFor: number },
  now: number,
): Reading {
  const from = now - freshFor;
  return {
    view,
    newest: (metric) => observations.newest(metric, from),
    // What was measured long ago says nothing of now, though it lies in the window.
    window: (wanted) => (observations.newestAt([wanted.metric]) < from ? undefined : observations.window(wanted, now)),
    happened: (type, span) =>
      [...(events.get(type)?.values() ?? [])].filter((at) => at > now - span && at <= now).length,
  };
}
