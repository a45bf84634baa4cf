import { firstAfter } from "./chart-columns.ts";
import type { History } from "./samples.ts";

type Gap = History["gaps"][number];

/** The reason of a gap in which nothing was made; in all others something was lost. */
export const SILENCE = "silence";

/** Why samples are missing, in words for people. */
const REASONS: Readonly<Record<string, string>> = {
  [SILENCE]: "the device made no samples: it was off, or its agent did not run",
  "spool-full": "the device could not send, and had no room to keep them",
  "disk-low": "the device’s disk was nearly full",
  thinned: "the device thinned out old samples to save room",
  damaged: "they were damaged on the device’s disk",
  "counter-recovery": "the device lost its place after a crash or a power cut",
  unexplained: "the device dropped them without saying why",
  refused: "they broke a rule and were refused",
  failed: "the control plane failed on them, and set them aside",
  "not-received": "the edge node sent them, and they did not arrive",
  "control-plane-restored": "the control plane was restored from a backup that is older",
};

/** A reason that is not of the list is shown as it is. */
export const explainGap = (reason: string): string => (Object.hasOwn(REASONS, reason) ? REASONS[reason] : reason) ?? "";

/** The gap in which an instant lies; of several the shortest, which says most. */
export const gapAt = (gaps: readonly Gap[], at: number): Gap | undefined =>
  gaps
    .filter(({ from, to }) => from < at && at < to)
    .toSorted((a, b) => a.to - a.from - (b.to - b.from))
    .at(0);

/** For a reader: losses of one reason that follow each other, with nothing recorded between them, are one. */
export const joinedGaps = ({ gaps, series }: Pick<History, "gaps" | "series">): Gap[] =>
  gaps.reduce<Gap[]>((all, gap) => {
    const last = all.at(-1);
    const isRecorded = (from: number, to: number) =>
      series.some(({ at }) => (at[firstAfter(at, from)] ?? Number.POSITIVE_INFINITY) < to);
    if (last?.reason !== gap.reason || isRecorded(last.to, gap.from)) return [...all, gap];
    const both = { ...last, to: Math.max(last.to, gap.to), records: last.records + gap.records };
    return [...all.slice(0, -1), both];
  }, []);

/** What a later answer makes of the gaps known before: those it speaks of are as it says, and silence goes on until something comes. */
export function mergedGaps(older: readonly Gap[], newer: History, from: number): Gap[] {
  const first = Math.min(...newer.series.flatMap(({ at }) => at.slice(0, 1)), newer.to);
  const kept = older
    .filter((gap) => gap.to >= from && gap.from < newer.from)
    .filter((gap) => !newer.gaps.some((each) => each.from === gap.from && each.reason === gap.reason))
    .map((gap) => (gap.reason === SILENCE && gap.to >= newer.from ? { ...gap, to: Math.max(gap.from, first) } : gap));
  return [...kept, ...newer.gaps];
}
