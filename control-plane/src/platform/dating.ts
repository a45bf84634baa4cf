import { DAY } from "@edgemere/protocol/kit";
import type { ClockOffset } from "./feature.ts";

/** A time as a device wrote it. */
export interface DeviceTime {
  readonly atMs: number;
  /** 0 when the device does not count them: then nothing is known of its clock. */
  readonly clockPeriod: number;
}

/** When something happened, by the control plane's clock. */
export interface Dated {
  readonly at: number;
  /** What was added to the device's time. */
  readonly offset: number;
  /** A guess: nothing is known of the clock that wrote it, and what it wrote cannot be true. */
  readonly isEstimated: boolean;
}

/** Nobody reported anything to us before 2020. */
const EARLIEST = 1_577_836_800_000;
const AHEAD_AT_MOST = DAY;

export const isPlausible = (at: number, receivedAt: number): boolean =>
  at >= EARLIEST && at <= receivedAt + AHEAD_AT_MOST;

interface Known {
  readonly clocks: readonly ClockOffset[];
  readonly receivedAt: number;
  /** The newest that was dated before these, if any. */
  readonly before?: (Dated & { readonly clockPeriod: number }) | undefined;
}

/**
 * Dates what a device reported, in its order. Where the device knows its clock the time is corrected; where it does not,
 * the time is taken as it stands, and when that cannot be true it is guessed from what lies around it. Undefined where
 * even the corrected time cannot be true: that belongs beside the others, not among them.
 */
export function dated(
  times: readonly DeviceTime[],
  { clocks, receivedAt, before }: Known,
): readonly (Dated | undefined)[] {
  const read = times.map((time) => corrected(time, clocks, receivedAt));
  const result: (Dated | undefined)[] = [];
  let last = before;
  for (const [place, time] of times.entries()) {
    const known = read[place];
    const found = known === "unknown" ? guessed(times.slice(place), read.slice(place), last, receivedAt) : known;
    result.push(found);
    if (found !== undefined) last = { ...found, clockPeriod: time.clockPeriod };
  }
  return result;
}

type Read = Dated | "unknown" | undefined;

function corrected({ atMs, clockPeriod }: DeviceTime, clocks: readonly ClockOffset[], receivedAt: number): Read {
  const known = clockPeriod === 0 ? undefined : clocks.find((each) => each.clockPeriod === clockPeriod);
  const offset = known?.offset ?? 0;
  const at = atMs + offset;
  if (isPlausible(at, receivedAt)) return { at, offset, isEstimated: false };
  return known === undefined ? "unknown" : undefined;
}

/** The first of these times: after what came before it, and before its arrival and what follows it. */
function guessed(
  times: readonly DeviceTime[],
  read: readonly Read[],
  last: Known["before"],
  receivedAt: number,
): Dated {
  const [{ atMs, clockPeriod } = { atMs: 0, clockPeriod: 0 }] = times;
  const next = read.findIndex((each) => each !== "unknown");
  const following = read[next];
  const stretch = (next === -1 ? times : times.slice(0, next)).filter((each) => each.clockPeriod === clockPeriod);
  const end = stretch.reduce((latest, each) => Math.max(latest, each.atMs), atMs);
  const latest = Math.min(receivedAt, typeof following === "object" ? following.at : receivedAt) - end;
  const isSameClock = last?.isEstimated === true && last.clockPeriod === clockPeriod;
  const wanted = last === undefined ? latest : isSameClock ? last.offset : last.at - atMs;
  const offset = Math.min(latest, wanted);
  return { at: atMs + offset, offset, isEstimated: true };
}
