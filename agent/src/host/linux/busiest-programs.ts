import { HIDDEN_CHARACTERS } from "@edgemere/protocol/hostile-text";
import type { TelemetryReading } from "../host.ts";
import type { ProcessStat } from "./process-stats.ts";

// The unit of CPU times in /proc, whatever the kernel's own tick is.
const TICKS_PER_SECOND = 100;
/** So many by CPU, and so many by memory. */
const TOLD = 5;
// A program that takes another name again and again fills this once, and is "other" from then on.
const MOST_NAMES = 64;
const OTHER = "other";

/** A program: all processes of one name. */
interface Use {
  ticks: number;
  pages: number;
}

/**
 * Tells the programs that take most of the processors and of the memory. Processes of one name are one program, so a server that
 * forks is one series and not thousands; and of names that processes give themselves at most 64 are ever told.
 */
export function busiestPrograms(pageBytes: number) {
  const names = new Set<string>();
  let before: { readonly at: number; readonly ticks: ReadonlyMap<string, number> } | undefined;

  const instanceOf = (name: string): string => {
    const shown = name.replaceAll(HIDDEN_CHARACTERS, "\uFFFD").trim() || OTHER;
    if (names.size < MOST_NAMES) names.add(shown);
    return names.has(shown) ? shown : OTHER;
  };
  const readings = (metric: string, used: ReadonlyMap<string, number>): readonly TelemetryReading[] => {
    const most = [...used].filter(([, value]) => value > 0).sort(([, a], [, b]) => b - a);
    const told = new Map<string, number>();
    for (const [name, value] of most.slice(0, TOLD)) {
      const instance = instanceOf(name);
      told.set(instance, (told.get(instance) ?? 0) + value);
    }
    return [...told].map(([instance, value]) => ({ metric, instance, value }));
  };

  /** `at` is on the monotonic clock, milliseconds; CPU is a percentage of one core. The first call tells memory only. */
  return (processes: Iterable<ProcessStat>, at: number): readonly TelemetryReading[] => {
    const [ticks, uses] = [new Map<string, number>(), new Map<string, Use>()];
    for (const { pid, startedAt, name, cpuTicks, residentPages } of processes) {
      const key = `${pid} ${startedAt}`;
      ticks.set(key, cpuTicks);
      const use = uses.get(name) ?? { ticks: 0, pages: 0 };
      // One that began since then has used all it has in this time.
      use.ticks += Math.max(0, cpuTicks - (before?.ticks.get(key) ?? 0));
      use.pages += residentPages;
      uses.set(name, use);
    }
    const seconds = before === undefined ? 0 : (at - before.at) / 1_000;
    before = { at, ticks };
    const of = (value: (use: Use) => number) => new Map([...uses].map(([name, use]) => [name, value(use)]));
    return [
      ...(seconds > 0
        ? readings(
            "program.cpu_percent",
            of((use) => (100 * use.ticks) / TICKS_PER_SECOND / seconds),
          )
        : []),
      ...readings(
        "program.resident_bytes",
        of((use) => use.pages * pageBytes),
      ),
    ];
  };
}
