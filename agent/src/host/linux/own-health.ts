import { performance } from "node:perf_hooks";
import type { Measurement } from "./measurement.ts";

/** What the agent itself costs its host. Its CPU time is a percentage of one core. */
export function ownMeasurements(): readonly Measurement[] {
  const { rss, heapUsed } = process.memoryUsage();
  const { user, system } = process.cpuUsage();
  const { active } = performance.eventLoopUtilization();
  return [
    { metric: "agent.resident_bytes", instance: "", value: rss },
    { metric: "agent.heap_used_bytes", instance: "", value: heapUsed },
    { metric: "agent.cpu_percent", instance: "", counter: user + system, scale: 100 / 1_000_000 },
    { metric: "agent.event_loop_busy_percent", instance: "", counter: active, scale: 100 / 1_000, most: 100 },
  ];
}
