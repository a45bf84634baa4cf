import type { Clock } from "@edgemere/protocol/kit";
import type { ManualClock } from "@edgemere/protocol/simulated";
import type { Life } from "./life.ts";

/** How a machine's clock runs. */
export interface ClockState {
  /** How far its wall clock is from the truth, milliseconds. */
  offset: number;
  /** How much faster than the truth it runs: 1 is right. */
  readonly rate: number;
}

/** The clock as a process sees it: its machine's wall, and a monotonic time that began with it. */
export function processClock(clock: ManualClock, life: Life, state: ClockState): Clock {
  return {
    now: () => wallOf(clock, state),
    monotonic: () => (clock.monotonic() - life.bornAt - life.sleptMs) * state.rate,
    sleep: (ms, signal) => life.pause(Math.ceil(ms / state.rate), signal),
  };
}

/** What the machine's wall clock shows; machines count whole milliseconds. */
export const wallOf = (clock: ManualClock, { offset, rate }: ClockState): number =>
  Math.round(clock.now() + clock.monotonic() * (rate - 1) + offset);
