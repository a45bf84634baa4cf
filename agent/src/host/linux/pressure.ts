import type { Counter } from "./measurement.ts";
import { wordsOfLines } from "./lines.ts";

/**
 * From /proc/pressure/{cpu,memory,io}: the share of time in which some tasks, or all of them, waited for the resource.
 * Made from the total of stalled microseconds, so that nothing between two samples is missed.
 */
export function pressureCounters(resource: string, text: string): readonly Counter[] {
  return wordsOfLines(text).flatMap((words) => {
    const [extent] = words;
    const total = words.find((word) => word.startsWith("total="))?.slice("total=".length);
    if ((extent !== "some" && extent !== "full") || total === undefined) return [];
    return [
      {
        metric: `pressure.${extent}_percent`,
        instance: resource,
        counter: Number(total),
        // Microseconds per second, as a percentage.
        scale: 100 / 1_000_000,
        most: 100,
      },
    ];
  });
}
