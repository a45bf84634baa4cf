import type { Measurement } from "./measurement.ts";
import { wordsOfLines } from "./lines.ts";

/**
 * From /proc/pressure/{cpu,memory,io}: the share of time in which some tasks, or all of them, waited for the resource. Made from
 * the total of stalled microseconds, so that nothing between two samples is missed; beside it the kernel's own average of ten seconds.
 */
export function pressureMeasurements(resource: string, text: string): readonly Measurement[] {
  return wordsOfLines(text).flatMap((words): readonly Measurement[] => {
    const [extent] = words;
    if (extent !== "some" && extent !== "full") return [];
    const of = (name: string) =>
      Number(words.find((word) => word.startsWith(`${name}=`))?.slice(name.length + 1) ?? NaN);
    return [
      {
        metric: `pressure.${extent}_percent`,
        instance: resource,
        counter: of("total"),
        // Microseconds per second, as a percentage.
        scale: 100 / 1_000_000,
        most: 100,
      },
      { metric: `pressure.${extent}_10s_percent`, instance: resource, value: of("avg10") },
    ];
  });
}
