import type { TelemetryReading } from "../host.ts";
import type { ProcessStat } from "./process-stats.ts";

// The kernel's letters (proc(5)), in words.
const STATES: Readonly<Record<string, string>> = {
  R: "running",
  S: "sleeping",
  D: "waiting",
  I: "idle",
  T: "stopped",
  t: "stopped",
  Z: "zombie",
};

/** How many processes there are, and how many in each state: zeros too, so that a first zombie is seen as a change. */
export function processCounts(processes: Iterable<Pick<ProcessStat, "state">>): readonly TelemetryReading[] {
  const counts = new Map(Object.values(STATES).map((state) => [state, 0]));
  let total = 0;
  for (const { state } of processes) {
    total += 1;
    const word = Object.hasOwn(STATES, state) ? STATES[state] : undefined;
    if (word !== undefined) counts.set(word, (counts.get(word) ?? 0) + 1);
  }
  // No process at all is a machine that does not show them.
  if (total === 0) return [];
  return [
    { metric: "processes.total_count", instance: "", value: total },
    ...[...counts].map(([instance, value]) => ({ metric: "processes.state_count", instance, value })),
  ];
}
