/** What time a chart shows: the last so many milliseconds, going on by itself, or between two instants. */
export type ChartRange = { readonly last: number } | Interval;

/** Instants in milliseconds since 1970 UTC; `from` comes first. */
export interface Interval {
  readonly from: number;
  readonly to: number;
}

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

/** As they are called in an address and on the screen. */
export const LASTS = [
  { word: "5m", title: "5 min", last: 5 * MINUTE },
  { word: "15m", title: "15 min", last: 15 * MINUTE },
  { word: "1h", title: "1 h", last: HOUR },
  { word: "6h", title: "6 h", last: 6 * HOUR },
  { word: "24h", title: "24 h", last: DAY },
  { word: "7d", title: "7 d", last: 7 * DAY },
  { word: "30d", title: "30 d", last: 30 * DAY },
] as const;

/** Less than this nobody can make out, more nobody keeps. */
const SHORTEST = 5_000;
const LONGEST = 400 * DAY;
/** The least and the greatest instant that an interval may reach. */
const FIRST = Date.UTC(2000, 0, 1);
const FINAL = Date.UTC(2100, 0, 1);

export const isLive = (range: ChartRange): range is { readonly last: number } => "last" in range;

/** The range that an address speaks of; undefined where it speaks of none that can be shown. */
export function rangeIn(parameters: URLSearchParams): ChartRange | undefined {
  const last = LASTS.find(({ word }) => word === parameters.get("last"))?.last;
  if (last !== undefined) return { last };
  const [from, to] = [instantIn(parameters.get("from")), instantIn(parameters.get("to"))];
  return from === undefined || to === undefined || intervalFault(from, to) !== undefined ? undefined : { from, to };
}

/** Why what lies between two instants cannot be shown, as a sentence; undefined where it can. */
export function intervalFault(from: number | undefined, to: number | undefined): string | undefined {
  if (from === undefined || to === undefined) return "Both want a date and a time between 2000 and 2100.";
  if (to - from < SHORTEST) return "The end must be later than the beginning, by five seconds at least.";
  return to - from > LONGEST ? "That is more than 400 days." : undefined;
}

/** The same address with this range in it. Instants stand in UTC, so that everybody sees the same. */
export function withRange(parameters: URLSearchParams, range: ChartRange): URLSearchParams {
  const next = new URLSearchParams(parameters);
  for (const name of ["last", "from", "to"]) next.delete(name);
  if (isLive(range)) next.set("last", LASTS.find(({ last }) => last === range.last)?.word ?? LASTS[0].word);
  else {
    next.set("from", new Date(range.from).toISOString());
    next.set("to", new Date(range.to).toISOString());
  }
  return next;
}

function instantIn(text: string | null): number | undefined {
  const at = text === null || !/^\d{4}-\d\d-\d\dT/.test(text) ? Number.NaN : Date.parse(text);
  return at >= FIRST && at <= FINAL ? at : undefined;
}

/** Moves the interval so that what was at some shares of its width comes to stand at others: one finger pans, two zoom. */
export function dragged(interval: Interval, before: readonly number[], now: readonly number[]): Interval {
  const width = interval.to - interval.from;
  const [first = 0, second] = before;
  const [firstNow = 0, secondNow] = now;
  if (second === undefined || secondNow === undefined) return panned(interval, first - firstNow);
  const stretch = Math.max(0.01, Math.abs(second - first)) / Math.max(0.01, Math.abs(secondNow - firstNow));
  const wanted = Math.min(LONGEST, Math.max(SHORTEST, width * stretch));
  const middle = interval.from + (width * (first + second)) / 2;
  return fitting(middle - (wanted * (firstNow + secondNow)) / 2, wanted);
}

/** The interval `factor` times as wide; the instant at `share` of its width stays where it is. */
export function zoomed(interval: Interval, factor: number, share = 0.5): Interval {
  const width = interval.to - interval.from;
  const wanted = Math.min(LONGEST, Math.max(SHORTEST, width * factor));
  return fitting(interval.from + (width - wanted) * share, wanted);
}

/** The interval, later by this share of its width. */
export const panned = ({ from, to }: Interval, share: number): Interval =>
  fitting(from + (to - from) * share, to - from);

function fitting(from: number, width: number): Interval {
  const length = Math.round(Math.min(LONGEST, Math.max(SHORTEST, width)));
  const start = Math.round(Math.min(FINAL - length, Math.max(FIRST, from)));
  return { from: start, to: start + length };
}

/** An instant as a field for date and time writes it, to the second, in the reader's zone or in UTC. */
export function fieldText(at: number, isUtc: boolean): string {
  const shift = isUtc ? 0 : new Date(at).getTimezoneOffset() * MINUTE;
  return new Date(at - shift).toISOString().slice(0, 19);
}

/** The instant that such a field says; undefined where it says none, or none that can be shown. */
export const fieldInstant = (text: string, isUtc: boolean): number | undefined =>
  instantIn(isUtc && text !== "" ? `${text}Z` : text);
