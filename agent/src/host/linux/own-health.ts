import { monitorEventLoopDelay, performance } from "node:perf_hooks";
import { SECOND } from "@edgemere/protocol/kit";
import type { Measurement } from "./measurement.ts";

// The loop is looked at so often: a shorter stall may be missed, and the processor is left to sleep.
const LOOKED_EVERY = SECOND / 2;
const NANOSECONDS = 1_000_000;

/** What the agent itself costs its host, since the call before. Its CPU time is a percentage of one core. */
export function ownHealth(): () => readonly Measurement[] {
  const delay = monitorEventLoopDelay({ resolution: LOOKED_EVERY });
  let isWatched = false;

  return () => {
    const { rss, heapUsed } = process.memoryUsage();
    const { user, system } = process.cpuUsage();
    const { active } = performance.eventLoopUtilization();
    // The time between two looks, of which the longest counts.
    const lag = delay.count === 0 ? NaN : Math.max(0, delay.max / NANOSECONDS - LOOKED_EVERY);
    if (!isWatched) isWatched = delay.enable();
    delay.reset();
    return [
      { metric: "agent.resident_bytes", instance: "", value: rss },
      { metric: "agent.heap_used_bytes", instance: "", value: heapUsed },
      { metric: "agent.cpu_percent", instance: "", counter: user + system, scale: 100 / 1_000_000 },
      { metric: "agent.event_loop_busy_percent", instance: "", counter: active, scale: 100 / 1_000, most: 100 },
      { metric: "agent.event_loop_lag_milliseconds", instance: "", value: lag },
    ];
  };
}
