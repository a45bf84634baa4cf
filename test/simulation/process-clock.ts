import { SECOND, type Clock } from "@edgemere/protocol/kit";
import type { ManualClock } from "@edgemere/protocol/simulated";
import type { Life } from "./life.ts";

/** How a machine's clock runs. */
export interface ClockState {
  /** How far its wall clock is from the truth, milliseconds. */
  offset: number;
  /** How much faster than the truth it runs: 1 is right. */
  readonly rate: number;
  /** Longer pauses end at whole multiples of this only, as on a machine that saves power. */
  readonly timerSlack?: number;
}

/** The clock as a process sees it: its machine's wall, and a monotonic time that began with it. */
export function processClock(clock: ManualClock, life: Life, state: ClockState): Clock {
  return {
    now: () => wallOf(clock, state),
    monotonic: () => (clock.monotonic() - life.bornAt - life.sleptMs) * state.rate,
    sleep: (ms, signal) => life.pause(Math.ceil(put(ms, clock.monotonic(), state) / state.rate), signal),
  };
}

/** What the machine's wall clock shows; machines count whole milliseconds. */
export const wallOf = (clock: ManualClock, { offset, rate }: ClockState): number =>
  Math.round(clock.now() + clock.monotonic() * (rate - 1) + offset);

/** How long a pause lasts that is put off to the next multiple of the slack; a short one is not. */
const put = (ms: number, now: number, { timerSlack = 1 }: ClockState): number =>
  ms < SECOND ? ms : Math.ceil((now + ms) / timerSlack) * timerSlack - now;
