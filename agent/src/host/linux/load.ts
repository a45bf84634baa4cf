import type { TelemetryReading } from "../host.ts";
import { column, wordsOfLines } from "./lines.ts";

/** From /proc/loadavg: tasks that run or wait, averaged over one, five and fifteen minutes, and how many threads there are. */
export function loadReadings(text: string): readonly TelemetryReading[] {
  const [words = []] = wordsOfLines(text);
  return [
    { metric: "load.average_1m", instance: "", value: column(words, 0) },
    { metric: "load.average_5m", instance: "", value: column(words, 1) },
    { metric: "load.average_15m", instance: "", value: column(words, 2) },
    { metric: "threads.total_count", instance: "", value: Number(words[3]?.split("/")[1] ?? NaN) },
  ];
}

/** From /proc/uptime. */
export function uptimeReadings(text: string): readonly TelemetryReading[] {
  const [words = []] = wordsOfLines(text);
  return [{ metric: "system.uptime_seconds", instance: "", value: column(words, 0) }];
}
