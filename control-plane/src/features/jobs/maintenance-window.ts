import { DAY, HOUR, MINUTE } from "@edgemere/protocol/kit";
import type { Window } from "./rollout-spec-contract.ts";
import { weekdays } from "./rollout-words-contract.ts";
import type { Zone } from "../../platform/wall-clock.ts";

/** A time within which something may begin: from `opensAt` on, and before `closesAt`. */
export interface Opening {
  readonly opensAt: number;
  readonly closesAt: number;
}

/** 1970-01-01 was a Thursday. */
const weekdayOf = (day: number) => weekdays[(((day + 3) % 7) + 7) % 7];

/**
 * The next openings that close after an instant, the earliest first; such as overlap stand beside each other. Windows begin by
 * the wall clock of their zone, and last so long by the stopwatch.
 */
export function openingsAfter(
  windows: readonly Window[],
  zone: Zone,
  { now, count }: { readonly now: number; readonly count: number },
): readonly Opening[] {
  const longest = Math.max(0, ...windows.map(({ minutes }) => minutes)) * MINUTE;
  // A day earlier, since what begins in a skipped hour is late; one of a week comes back each seventh day.
  const first = zone.at(now - longest).day - 1;
  const last = zone.at(now).day + 7 * count + 1;
  const openings = new Map<string, Opening>();
  for (let day = first; day <= last; day++)
    for (const { days, at, minutes } of windows) {
      if (!days.some((each) => each === weekdayOf(day))) continue;
      const [hour = 0, minute = 0] = at.split(":").map(Number);
      const opensAt = zone.instantOf({ day, time: hour * HOUR + minute * MINUTE });
      const closesAt = opensAt + minutes * MINUTE;
      if (closesAt > now) openings.set(`${opensAt} ${closesAt}`, { opensAt, closesAt });
    }
  return [...openings.values()]
    .toSorted((one, other) => one.opensAt - other.opensAt || one.closesAt - other.closesAt)
    .slice(0, count);
}

/** Whether a window is open and when the last of the open ones closes, or when the next one opens. */
export type WindowState =
  | { readonly isOpen: true; readonly closesAt: number }
  | { readonly isOpen: false; readonly opensAt: number };

export function windowAt(windows: readonly Window[], zone: Zone, now: number): WindowState {
  const openings = openingsAfter(windows, zone, { now, count: 1 + Math.ceil(longestOverlap(windows) / DAY) });
  const open = openings.filter(({ opensAt }) => opensAt <= now);
  if (open.length > 0) return { isOpen: true, closesAt: Math.max(...open.map(({ closesAt }) => closesAt)) };
  return { isOpen: false, opensAt: openings[0]?.opensAt ?? Infinity };
}

/** Within so long all windows that are open now have begun. */
const longestOverlap = (windows: readonly Window[]) =>
  windows.reduce((sum, { minutes, days }) => sum + (minutes * MINUTE + DAY) * days.length, 0);
