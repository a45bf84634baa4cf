// oxlint-disable-next-line no-restricted-globals -- given instants are written and read; no clock is asked
const Calendar = Date;

/** Nine digits: names sort as they count. */
export const numbered = (number: number): string => String(number).padStart(9, "0");

export const timestamp = (at: number): string => new Calendar(at).toISOString();

/** `20261123T013000.123Z`: a name everywhere. */
export const stamp = (at: number): string => timestamp(at).replaceAll(/[-:]/g, "");

/** 0 for what is none. */
export function instantOf(text = ""): number {
  const spread = text.replace(/^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)/, "$1-$2-$3T$4:$5:");
  const at = Calendar.parse(spread);
  return Number.isNaN(at) ? 0 : at;
}

/** When the clock of this host next shows a minute of the day, after an instant. */
export function nextMinuteOfDay(minute: number, after: number): number {
  const next = new Calendar(after);
  next.setHours(0, minute, 0, 0);
  if (next.getTime() <= after) next.setDate(next.getDate() + 1);
  return next.getTime();
}
