import type { Counter, Measurement } from "./measurement.ts";
import { column, wordsOfLines } from "./lines.ts";

// Columns of a `cpu` line of /proc/stat, in clock ticks. Guest time is contained in user and nice.
const USER = 1;
const NICE = 2;
const SYSTEM = 3;
const IDLE = 4;
const WAITING = 5;
const INTERRUPT = 6;
const SOFT_INTERRUPT = 7;
const STOLEN = 8;

// A machine with more cores is told by its total.
const MOST_CORES = 128;

/** From /proc/stat: how busy the processors are in all, and what the scheduler does. */
export function cpuMeasurements(text: string): readonly Measurement[] {
  return wordsOfLines(text).flatMap((words): readonly Measurement[] => {
    const [name = ""] = words;
    if (name === "cpu") return totalMeasurements(words);
    const value = column(words, 1);
    if (name === "ctxt")
      return [{ metric: "system.context_switches_per_second", instance: "", counter: value, scale: 1 }];
    if (name === "processes")
      return [{ metric: "processes.started_per_second", instance: "", counter: value, scale: 1 }];
    if (name === "procs_running") return [{ metric: "processes.running_count", instance: "", value }];
    if (name === "procs_blocked") return [{ metric: "processes.blocked_count", instance: "", value }];
    return [];
  });
}

/** From /proc/stat: what each processor did; of those that are switched off there is no line. */
export function coreCounters(text: string): readonly Counter[] {
  return wordsOfLines(text).flatMap((words) => {
    const core = /^cpu(\d+)$/.exec(words[0] ?? "")?.[1];
    if (core === undefined || Number(core) >= MOST_CORES) return [];
    return [
      busy(words, "cpu.core_busy_percent", core),
      percentage("cpu.core_iowait_percent", core, sum(words, [WAITING]), ticks(words)),
      percentage("cpu.core_steal_percent", core, sum(words, [STOLEN]), ticks(words)),
    ];
  });
}

function totalMeasurements(words: readonly string[]): readonly Counter[] {
  const share = (metric: string, ...columns: readonly number[]) =>
    percentage(metric, "", sum(words, columns), ticks(words));
  return [
    busy(words, "cpu.busy_percent", ""),
    share("cpu.user_percent", USER, NICE),
    share("cpu.system_percent", SYSTEM),
    share("cpu.iowait_percent", WAITING),
    share("cpu.interrupt_percent", INTERRUPT, SOFT_INTERRUPT),
    share("cpu.steal_percent", STOLEN),
  ];
}

const busy = (words: readonly string[], metric: string, instance: string) =>
  percentage(metric, instance, sum(words, [USER, NICE, SYSTEM, INTERRUPT, SOFT_INTERRUPT, STOLEN]), ticks(words));

const percentage = (metric: string, instance: string, counter: number, per: number): Counter => ({
  metric,
  instance,
  counter,
  per,
  scale: 100,
  most: 100,
});

const ticks = (words: readonly string[]) =>
  sum(words, [USER, NICE, SYSTEM, IDLE, WAITING, INTERRUPT, SOFT_INTERRUPT, STOLEN]);
const sum = (words: readonly string[], columns: readonly number[]) =>
  columns.reduce((total, index) => total + (column(words, index) || 0), 0);
