import { monitorEventLoopDelay } from "node:perf_hooks";
import { SECOND, type Clock } from "@edgemere/protocol/kit";
import type { Check } from "./platform/health.ts";

/** How long the event loop let others wait, at most, since the window began. */
export interface EventLoop extends Disposable {
  /** Milliseconds. */
  lag(): number;
  readonly check: Check;
}

const WINDOW = 10 * SECOND;
const NANOSECONDS = 1e6;
/** More than that, and keepalives and probes are late. */
const LONGEST = SECOND;

export function watchEventLoop(clock: Clock): EventLoop {
  const delay = monitorEventLoopDelay({ resolution: 20 });
  delay.enable();
  let since = clock.monotonic();
  let before = 0;
  const lag = () => {
    const now = delay.max / NANOSECONDS;
    const worst = Math.max(before, now);
    if (clock.monotonic() - since >= WINDOW) {
      before = now;
      since = clock.monotonic();
      delay.reset();
    }
    return worst;
  };
  return {
    lag,
    check: () => (lag() > LONGEST ? { severity: "degraded", reason: "the event loop is late" } : undefined),
    [Symbol.dispose]: () => void delay.disable(),
  };
}
