import { LEAST_TIME } from "../version.ts";

/** What is known of the true time when dates have to be judged. */
export interface TrustedTime {
  /** Whether the system's own clock may be asked. */
  readonly isSystemClockUsable: boolean;
  /** The true time, milliseconds since 1970, is not before this and not after `latest`, as far as anybody here can tell. */
  readonly earliest: number;
  readonly latest: number;
}

/** For whoever has heard no control plane yet: a clock before this program's own release tells nothing but that time is later. */
export const timeBySystemClock = (now: number, floor = LEAST_TIME): TrustedTime =>
  now >= floor
    ? { isSystemClockUsable: true, earliest: now, latest: now }
    : { isSystemClockUsable: false, earliest: floor, latest: Infinity };
