// oxlint-disable-next-line no-restricted-globals -- given instants are written and read; no clock is asked
const Calendar = Date;

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
  recorded_from: new Calendar(from).toISOString(),
  recorded_until: new Calendar(until).toISOString(),
  lines: String(lines),
  ...(gap > 0 && { gap_seconds: String(gap / 1_000) }),
  ...(isCut && { cut: "true" }),
});

const numbered = (number: number): string => String(number).padStart(9, "0");
const gapped = (gap: number): string => (gap > 0 ? `_gap${gap}` : "");
/** `20261123T013000.123Z`: sorts as time does, and is a name everywhere. */
const stamp = (at: number): string => new Calendar(at).toISOString().replaceAll(/[-:]/g, "");

function instantOf(text = ""): number {
  const spread = text.replace(/^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)/, "$1-$2-$3T$4:$5:");
  const at = Calendar.parse(spread);
  return Number.isNaN(at) ? 0 : at;
}
