import { decodeColumn, limits, type ColumnEncoder } from "@edgemere/protocol";
import { MINUTE } from "@edgemere/protocol/kit";
import type { Chunk } from "./chunks.ts";
import { framed, unframed } from "./frame.ts";

/** The newest value of the series that has this number in its device's list. */
export interface Latest {
  readonly series: number;
  readonly at: number;
  readonly value: number;
}

// A device that once believed in a later year must not hold its series there for ever.
const AHEAD_AT_MOST = 5 * MINUTE;
const SERIES_AT_MOST = 2 * limits.telemetrySeries;

/** The newest values after some reports. The later sample wins, in whatever order they arrive; of too many series the longest silent are dropped. */
export function latestAfter(
  before: readonly Latest[],
  reports: readonly Pick<Chunk, "instants" | "series">[],
  receivedAt: number,
): readonly Latest[] {
  const newest = new Map(before.map((each) => [each.series, each]));
  for (const { instants, series } of reports)
    for (const { key, values } of series) {
      const row = lastRow(values);
      if (row === undefined || typeof key !== "number") continue;
      const at = instants[row] ?? 0;
      const known = newest.get(key);
      if (known === undefined || at >= known.at || known.at > receivedAt + AHEAD_AT_MOST)
        newest.set(key, { series: key, at, value: values[row] ?? NaN });
    }
  const all = [...newest.values()];
  if (all.length <= SERIES_AT_MOST) return all;
  return all.toSorted((a, b) => b.at - a.at).slice(0, SERIES_AT_MOST);
}

/** The last row that has a value. */
export function lastRow(values: ArrayLike<number>): number | undefined {
  for (let row = values.length - 1; row >= 0; row--) if (!Number.isNaN(values[row])) return row;
  return undefined;
}

export const latestBytes = (latest: readonly Latest[], encoder: ColumnEncoder): Uint8Array =>
  framed([
    encoder.encode([latest.length]),
    encoder.encode(latest.map(({ series }) => series)),
    encoder.encode(latest.map(({ at }) => at)),
    encoder.encode(latest.map(({ value }) => value)),
  ]);

export function latestOf(bytes: Uint8Array | undefined): readonly Latest[] {
  if (bytes === undefined) return [];
  const [size, ...columns] = unframed(bytes);
  const count = decodeColumn(size ?? new Uint8Array(), 1)[0] ?? 0;
  const [series, at, values] = columns.map((column) => decodeColumn(column, count));
  return Array.from({ length: count }, (_, place) => ({
    series: series?.[place] ?? 0,
    at: at?.[place] ?? 0,
    value: values?.[place] ?? NaN,
  }));
}
