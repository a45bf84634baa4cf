import type { TelemetryReading } from "../host.ts";
import { column, wordsOfLines } from "./lines.ts";

/** From /proc/meminfo: its lines in bytes, by the kernel's names. */
export const memoryBytes = (text: string): ReadonlyMap<string, number> =>
  new Map(wordsOfLines(text).map((words) => [(words[0] ?? "").replace(":", ""), column(words, 1) * 1024]));

/** From /proc/meminfo. "Used" is what cannot be had for a new program: total without available. */
export function memoryReadings(text: string): readonly TelemetryReading[] {
  const bytes = memoryBytes(text);
  const of = (name: string) => bytes.get(name) ?? NaN;
  const total = of("MemTotal");
  // Kernels before 3.14 do not estimate what is available.
  const available = bytes.get("MemAvailable") ?? of("MemFree") + of("Buffers") + of("Cached");
  const swap = of("SwapTotal");
  return [
    reading("memory.total_bytes", total),
    reading("memory.available_bytes", available),
    reading("memory.used_bytes", total - available),
    reading("memory.used_percent", (100 * (total - available)) / total),
    reading("memory.cached_bytes", of("Cached") + of("Buffers")),
    reading("memory.dirty_bytes", of("Dirty")),
    reading("swap.total_bytes", swap),
    reading("swap.used_bytes", swap - of("SwapFree")),
  ];
}

const reading = (metric: string, value: number): TelemetryReading => ({ metric, instance: "", value });
