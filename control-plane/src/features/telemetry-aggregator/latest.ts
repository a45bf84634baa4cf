import { limits } from "@edgemere/protocol";
import { MINUTE } from "@edgemere/protocol/kit";
import type { Samples } from "./chunks.ts";
import type { LatestValue } from "./tables.ts";

type Batch = Pick<Samples, "baseMs" | "offsetMs" | "series">;

// A device that once believed in a later year must not hold its series there for ever.
const AHEAD_AT_MOST = 5 * MINUTE;
const SERIES_AT_MOST = 2 * limits.telemetrySeries;

/** The newest values after a batch. The later sample wins, in whatever order they arrive; of too many series the longest silent are dropped. */
export function latestAfter(
  before: readonly LatestValue[],
  batches: readonly Batch[],
  receivedAt: number,
): readonly LatestValue[] {
  const values = new Map(before.map((each) => [keyOf(each), each]));
  for (const each of batches.flatMap(lastValues)) {
    const known = values.get(keyOf(each));
    if (known === undefined || each.at >= known.at || known.at > receivedAt + AHEAD_AT_MOST)
      values.set(keyOf(each), each);
  }
  const all = [...values.values()];
  if (all.length <= SERIES_AT_MOST) return all;
  return all.toSorted((a, b) => b.at - a.at).slice(0, SERIES_AT_MOST);
}

/** The last row of each series that has a value. */
const lastValues = ({ baseMs, offsetMs, series }: Batch): readonly LatestValue[] =>
  series.flatMap(({ metric, instance, values }) => {
    const row = values.findLastIndex((value) => !Number.isNaN(value));
    const value = values[row];
    return value === undefined ? [] : [{ metric, instance, at: baseMs + (offsetMs[row] ?? 0), value }];
  });

const keyOf = ({ metric, instance }: LatestValue) => `${metric}\u0000${instance}`;
