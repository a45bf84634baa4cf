import { DAY, HOUR, MINUTE } from "@edgemere/protocol/kit";

/** What a clock on the wall shows, and a day as its number since 1970-01-01. */
export interface WallClock {
  readonly day: number;
  /** Milliseconds since midnight as the clock shows them. */
  readonly time: number;
}

/** The wall clock of one time zone. */
export interface Zone {
  readonly at: (instant: number) => WallClock;
  /**
   * When the clock shows this: for the first time, where it does so twice. What it skips is as long after the skip as it would
   * have been without one.
   */
  readonly instantOf: (shown: WallClock) => number;
}

/** A zone of the IANA time zone database by its name, such as Europe/Berlin; undefined when there is none of that name. */
export function zoneOf(name: string): Zone | undefined {
  const format = formatOf(name);
  if (format === undefined) return undefined;
  const at = (instant: number): WallClock => {
    const parts = Object.fromEntries(format.formatToParts(instant).map(({ type, value }) => [type, Number(value)]));
    const { year = 0, month = 0, day = 0, hour = 0, minute = 0, second = 0 } = parts;
    return { day: dayOf(year, month, day), time: (hour % 24) * HOUR + minute * MINUTE + second * 1_000 };
  };
  const ahead = (instant: number): number => {
    const { day, time } = at(instant);
    return day * DAY + time - Math.floor(instant / 1_000) * 1_000;
  };
  return {
    at,
    instantOf: ({ day, time }) => {
      const guess = day * DAY + time;
      const [before, after] = [guess - ahead(guess - DAY), guess - ahead(guess + DAY)];
      const isShown = (instant: number) => instant + ahead(instant) === guess;
      return [before, after].filter(isShown).toSorted((one, other) => one - other)[0] ?? before;
    },
  };
}

/** Number of a day since 1970-01-01 in the Gregorian calendar: years begin in March, so that the leap day is their last. */
function dayOf(year: number, month: number, day: number): number {
  const shifted = month > 2 ? year : year - 1;
  const era = Math.floor(shifted / 400);
  const ofEra = shifted - era * 400;
  const ofYear = Math.floor((153 * ((month + 9) % 12) + 2) / 5) + day - 1;
  return era * 146_097 + ofEra * 365 + Math.floor(ofEra / 4) - Math.floor(ofEra / 100) + ofYear - 719_468;
}

function formatOf(timeZone: string): Intl.DateTimeFormat | undefined {
  // An offset such as +02:00 is no place: it knows no daylight saving.
  if (!/^[A-Za-z][A-Za-z0-9_+/-]*$/.test(timeZone)) return undefined;
  const numeric = "numeric";
  try {
    return new Intl.DateTimeFormat("en-GB-u-ca-iso8601-nu-latn", {
      timeZone,
      year: numeric,
      month: numeric,
      day: numeric,
      hour: numeric,
      minute: numeric,
      second: numeric,
      hourCycle: "h23",
    });
  } catch (error) {
    if (error instanceof RangeError) return undefined;
    throw error;
  }
}
