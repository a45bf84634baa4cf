import type { Account } from "./recorder.ts";
import type { Spooled } from "./spooled.ts";
import type { StoredTelemetry } from "./stored.ts";

const NOTHING: StoredTelemetry = { records: [], gaps: [], watermark: 0 };

/** Where every number that a device gave has gone: stored, explained, or still with the device. What is nowhere is lost. */
export function accountOf({ kept, produced }: Spooled, stored: StoredTelemetry = NOTHING): Account {
  const { records, gaps, watermark } = stored;
  const once = new Set(records);
  const explained = new Set(gaps.flatMap(({ from, upTo }) => upToFrom(from, upTo)));
  const unexplained = gaps.filter(({ reason }) => reason === "unexplained");
  const waiting = new Set(kept.filter((number) => number > watermark));
  const isSomewhere = (number: number) =>
    number <= watermark ? once.has(number) || explained.has(number) : waiting.has(number);
  return {
    produced,
    acked: watermark,
    lost: upToFrom(1, produced).filter((number) => !isSomewhere(number)).length,
    storedTwice: records.length - once.size + [...explained].filter((number) => once.has(number)).length,
    explained: explained.size,
    unexplained: unexplained.reduce((sum, { from, upTo }) => sum + upTo - from + 1, 0),
  };
}

const upToFrom = (from: number, upTo: number) =>
  Array.from({ length: Math.max(0, upTo - from + 1) }, (_, i) => from + i);
