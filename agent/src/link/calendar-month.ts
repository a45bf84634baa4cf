// oxlint-disable-next-line no-restricted-globals -- given instants are reckoned with; no clock is asked
const Calendar = Date;

// What no date can be is the first month or one that is far away.
const LATEST = Calendar.UTC(9999, 11, 31);

/** The month of UTC that an instant is in, such as "2026-11". */
export const monthOf = (at: number): string =>
  new Calendar(Math.min(LATEST, Math.max(0, at))).toISOString().slice(0, "2026-11".length);

/** How much of a month is over at an instant, as a share of 1. */
export function elapsedOf(month: string, at: number): number {
  const [year = 0, number = 1] = month.split("-").map(Number);
  const [from, until] = [Calendar.UTC(year, number - 1), Calendar.UTC(year, number)];
  return Math.min(1, Math.max(0, (at - from) / (until - from)));
}
