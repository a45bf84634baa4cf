import { SECOND } from "@edgemere/protocol/kit";

/** The clocks of a host, read at one moment. Milliseconds. */
export interface Reading {
  readonly wall: number;
  /** Stands still while the host is suspended. */
  readonly monotonic: number;
  /** Since the host was started, suspended or not; undefined where nobody counts it. */
  readonly uptime?: number | undefined;
}

/** The wall clock was set if it moved by more than this against the others. */
const STEP = SECOND;

/** What happened between two readings: for how long the host was suspended, and whether somebody set its wall clock. */
export function betweenReadings(
  former: Reading,
  now: Reading,
): { readonly suspended: number; readonly isStep: boolean } {
  const passed = now.monotonic - former.monotonic;
  const jump = now.wall - former.wall - passed;
  const missing = (now.uptime ?? 0) - (former.uptime ?? 0) - passed;
  // Only when both clocks that go on during a suspension say so: either alone may be somebody's fiddling.
  const isSuspension = now.uptime !== undefined && former.uptime !== undefined && missing > STEP;
  if (isSuspension && Math.abs(jump - missing) <= STEP) return { suspended: missing, isStep: false };
  return { suspended: 0, isStep: Math.abs(jump) > STEP };
}
