import { systemClock, type Clock } from "@edgemere/protocol/kit";

/** The system's clock, moved on by as much as a test says: what takes a quarter of an hour need not be waited for. */
export function steppingClock(): Clock & { step(ms: number): void } {
  let ahead = 0;
  return {
    now: () => systemClock.now() + ahead,
    monotonic: () => systemClock.monotonic() + ahead,
    sleep: (ms, signal) => systemClock.sleep(ms, signal),
    step: (ms) => {
      ahead += ms;
    },
  };
}
