import { DAY, HOUR } from "@edgemere/protocol/kit";
import { Problem } from "../../platform/problem.ts";
import { zoneOf } from "../../platform/wall-clock.ts";

/** Days of a time zone, by the instants at which they begin. Most last 24 hours; where clocks are changed 23, 25 or another number. */
export interface LocalDays {
  /** When the day begins that holds an instant. */
  readonly beginOf: (instant: number) => number;
  /** When the next day begins. */
  readonly after: (begin: number) => number;
  /** When the day before begins. */
  readonly before: (begin: number) => number;
}

/** Dates reach no farther, and days next to the end need room. */
const FARTHEST = 8.64e15 - 4 * DAY;

/** Throws Problem invalid-input for what is no zone of the IANA time zone database. */
export function localDays(zone: string): LocalDays {
  const dateOf = datesIn(zone);
  const beginOf = (instant: number): number => {
    const date = dateOf(instant);
    let before = instant - DAY;
    while (dateOf(before) === date) before -= HOUR;
    return firstBetween(before, instant, (at) => dateOf(at) === date);
  };
  return {
    beginOf,
    after: (begin) => {
      const date = dateOf(begin);
      const usual = begin + DAY;
      if (dateOf(usual) !== date && dateOf(usual - 1) === date) return usual;
      let end = begin + HOUR;
      while (dateOf(end) === date) end += HOUR;
      return firstBetween(begin, end, (at) => dateOf(at) !== date);
    },
    before: (begin) => {
      const date = dateOf(begin - 1);
      const usual = begin - DAY;
      return dateOf(usual) === date && dateOf(usual - 1) !== date ? usual : beginOf(begin - 1);
    },
  };
}

function datesIn(name: string): (instant: number) => number {
  const zone = zoneOf(name);
  if (zone === undefined)
    throw new Problem("invalid-input", `there is no time zone "${name}"; write it like Europe/Berlin`);
  return (instant) => {
    if (Math.abs(instant) > FARTHEST)
      throw new Problem("invalid-input", `${instant} is no instant that has a date; ask for another range`);
    return zone.at(instant).day;
  };
}

/** The first instant after `before` and up to `at` for which something holds that holds at `at`, and from its begin on. */
function firstBetween(before: number, at: number, holds: (instant: number) => boolean): number {
  let [no, yes] = [before, at];
  while (yes - no > 1) {
    const middle = Math.floor((no + yes) / 2);
    if (holds(middle)) yes = middle;
    else no = middle;
  }
  return yes;
}
