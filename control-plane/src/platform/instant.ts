import { type TSchema, Type } from "@sinclair/typebox";
import { DAY, HOUR, MINUTE, SECOND } from "@edgemere/protocol/kit";

/** The last instant that a date can tell (ECMA-262, time values). */
const LAST = 8.64e15;
const UNITS: Readonly<Record<string, number>> = { ms: 1, s: SECOND, m: MINUTE, h: HOUR, d: DAY, w: 7 * DAY };

/** How an instant may be written, for errors and help. */
export const INSTANT_FORMS =
  "milliseconds since 1970 UTC; a date and time with its zone (2026-03-01T14:05Z, 2026-03-01T15:05:09.5+01:00); a date, which begins in UTC; or a time from now (now, -24h, now-7d)";

/**
 * An input field that takes an instant, in any of INSTANT_FORMS; whoever handles it gets milliseconds since 1970 UTC.
 * What is said from now is reckoned once, by the control plane's clock, so that two instants of one input fit together.
 */
export const Instant = (description: string) =>
  Type.Integer({ description, minimum: 0, maximum: LAST, "x-instant": true });

export const isInstant = (schema: TSchema): boolean => schema["x-instant"] === true;

/** The milliseconds since 1970 UTC that a text means; undefined where it means none, or not one only. */
export function instantOf(text: string, now: number): number | undefined {
  const at = /^\d{1,16}$/.test(text) ? Number(text) : (fromNow(text, now) ?? dated(text));
  return at !== undefined && at >= 0 && at <= LAST ? at : undefined;
}

/** What was given for an instant. What is none stays as it is, and is told with the other mistakes. */
export const writtenInstant = (value: unknown, now: number): unknown =>
  typeof value === "string" ? (instantOf(value, now) ?? value) : value;

function fromNow(text: string, now: number): number | undefined {
  if (text === "now") return now;
  const [, sign, count, unit = ""] = /^(?:now)?([+-])(\d{1,15})(ms|[smhdw])$/.exec(text) ?? [];
  return sign === undefined ? undefined : now + (sign === "-" ? -1 : 1) * Number(count) * (UNITS[unit] ?? 0);
}

const DATE = /^(\d{4}-\d\d-\d\d)(?:[Tt ](\d\d):(\d\d)(?::(\d\d)(?:[.,](\d{1,9}))?)?(?:[Zz]|([+-])(\d\d):?(\d\d)))?$/;

/** ISO 8601, calendar dates in their extended form. A local time without its zone means another instant to everybody: it is none. */
function dated(text: string): number | undefined {
  const [, ...parts]: readonly (string | undefined)[] = DATE.exec(text) ?? [];
  const day = beginOf(parts[0] ?? "");
  const [hour = 0, minute = 0, second = 0] = parts.slice(1, 4).map((each) => Number(each ?? 0));
  const [fraction = "0", sign, ...zone] = parts.slice(4);
  const [zoneHours = 0, zoneMinutes = 0] = zone.map((each) => Number(each ?? 0));
  const isTime = hour < 24 && minute < 60 && second < 60 && zoneHours < 24 && zoneMinutes < 60;
  if (day === undefined || !isTime) return undefined;
  const ahead = (sign === "-" ? -1 : 1) * (zoneHours * HOUR + zoneMinutes * MINUTE);
  // What is finer than a millisecond is left out.
  const milliseconds = Number(`${fraction}000`.slice(0, 3));
  return day + hour * HOUR + minute * MINUTE + second * SECOND + milliseconds - ahead;
}

/** When a day begins in UTC; undefined where there is no such day, which would come out as another one. */
function beginOf(date: string): number | undefined {
  // oxlint-disable-next-line no-restricted-globals -- a written date is read, no clock is asked
  const begin = new Date(`${date}T00:00:00Z`);
  return Number.isFinite(begin.getTime()) && begin.toISOString().startsWith(date) ? begin.getTime() : undefined;
}
