import { instantOf, numbered, stamp, timestamp } from "./name-parts.ts";

/** A closed piece of a stream: its file's name says all that is to be known of it, so that one rename makes it and tells of it. */
export interface Segment {
  /** Counts on, whatever the clock does. */
  readonly number: number;
  /** What was said between these instants is in it. */
  readonly from: number;
  readonly until: number;
  readonly lines: number;
  /** For so many milliseconds before it nothing was recorded. */
  readonly gap: number;
  /** It was ended by an interruption, perhaps in the middle of a line. */
  readonly isCut: boolean;
}

/** One that is still written to. */
export type OpenSegment = Pick<Segment, "number" | "from" | "gap">;

const CLOSED = /^(\d{9})_([\dTZ.]{20})_([\dTZ.]{20})_(\d+)(?:_gap(\d+))?(_cut)?\.log$/;
// No index lists what is called so.
const OPEN = /^\.edgemere-(\d{9})_([\dTZ.]{20})(?:_gap(\d+))?\.part$/;

export const nameOfSegment = ({ number, from, until, lines, gap, isCut }: Segment): string =>
  `${numbered(number)}_${stamp(from)}_${stamp(until)}_${lines}${gapped(gap)}${isCut ? "_cut" : ""}.log`;

export const nameOfOpen = ({ number, from, gap }: OpenSegment): string =>
  `.edgemere-${numbered(number)}_${stamp(from)}${gapped(gap)}.part`;

/** Undefined for what is no segment. */
export function segmentNamed(name: string): Segment | undefined {
  const [, number, from, until, lines, gap, cut] = CLOSED.exec(name) ?? [];
  if (number === undefined) return undefined;
  return {
    number: Number(number),
    from: instantOf(from),
    until: instantOf(until),
    lines: Number(lines),
    gap: Number(gap ?? 0),
    isCut: cut !== undefined,
  };
}

export function openNamed(name: string): OpenSegment | undefined {
  const [, number, from, gap] = OPEN.exec(name) ?? [];
  return number === undefined ? undefined : { number: Number(number), from: instantOf(from), gap: Number(gap ?? 0) };
}

/** What the catalogue is told of a segment. */
export const tagsOfSegment = ({ from, until, lines, gap, isCut }: Segment): Readonly<Record<string, string>> => ({
  recorded_from: timestamp(from),
  recorded_until: timestamp(until),
  lines: String(lines),
  ...(gap > 0 && { gap_seconds: String(gap / 1_000) }),
  ...(isCut && { cut: "true" }),
});

const gapped = (gap: number): string => (gap > 0 ? `_gap${gap}` : "");
