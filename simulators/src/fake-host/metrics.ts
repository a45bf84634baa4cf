import type { HostSource, TelemetryReading } from "@edgemere/agent";
import type { Random } from "@edgemere/protocol/kit";
import { behaviourOf } from "./behaviours.ts";
import type { BehaviourName } from "./behaviours.ts";
import type { MachineKind } from "./machine-kinds.ts";
import { between, daily, filling, wandering, within } from "./waves.ts";

const MBIT = 125_000;

/** With which source a metric is measured, by the first word of its name. */
const SOURCES: Readonly<Record<string, HostSource>> = {
  cpu: "cpu",
  load: "load",
  system: "load",
  processes: "processes",
  memory: "memory",
  pressure: "pressure",
  disk: "disks",
  filesystem: "filesystems",
  network: "network",
  temperature: "temperatures",
};

export const isMeasuredBy = (sources: ReadonlySet<HostSource>, metric: string): boolean => {
  const source = metric.startsWith("cpu.core_") ? "cores" : SOURCES[metric.split(".", 1)[0] ?? ""];
  return source !== undefined && sources.has(source);
};

/** The metrics of a fake host at a moment, under the names that a Linux host gives them. */
export function fakeMetrics(
  kind: MachineKind,
  name: BehaviourName,
  random: Random,
): (at: number) => readonly TelemetryReading[] {
  const behaviour = behaviourOf(name);
  const [load, unrest, memory, traffic, writing, warmth] = [
    daily(random),
    wandering(random),
    wandering(random),
    wandering(random),
    wandering(random),
    wandering(random),
  ];
  const cores = Array.from({ length: kind.cores }, () => wandering(random));
  const fill = filling(random, behaviour.fillPeriod ?? Infinity);
  const fullAtLeast = between(random, 0.15, 0.45);
  const lineRate = between(random, 5, 200) * MBIT;
  const processes = Math.round(between(random, 90, 220));

  return (at) => {
    const busy = within(
      behaviour.idleLoad + behaviour.dailyLoad * load(at) + behaviour.unrest * unrest(at),
      0.01,
      0.99,
    );
    const usedMemory = within(0.3 + 0.4 * busy + 0.1 * memory(at), 0.05, 0.97);
    const full = fullAtLeast + (behaviour.fillPeriod === undefined ? 0 : (0.98 - fullAtLeast) * fill(at));
    const received = lineRate * busy * (0.3 + 0.2 * traffic(at));
    const written = (behaviour.fillPeriod === undefined ? 1 : 8) * 1_000_000 * busy * (1 + 0.5 * writing(at));
    const { memoryBytes, diskBytes, disk } = kind;

    return [
      reading("cpu.busy_percent", 100 * busy),
      reading("cpu.user_percent", 70 * busy),
      reading("cpu.system_percent", 30 * busy),
      reading("cpu.iowait_percent", 3 * (1 - busy)),
      ...cores.map((core, index) =>
        reading("cpu.core_busy_percent", 100 * within(busy + 0.1 * core(at), 0, 1), String(index)),
      ),
      reading("load.average_1m", busy * kind.cores * (1 + 0.2 * unrest(at))),
      reading("load.average_5m", busy * kind.cores),
      reading("processes.total_count", Math.round(processes * (1 + 0.1 * busy))),
      reading("memory.total_bytes", memoryBytes),
      reading("memory.used_bytes", Math.round(memoryBytes * usedMemory)),
      reading("memory.available_bytes", Math.round(memoryBytes * (1 - usedMemory))),
      reading("memory.used_percent", 100 * usedMemory),
      reading("pressure.some_percent", 20 * busy ** 3, "cpu"),
      reading("disk.read_bytes_per_second", written / 3, disk),
      reading("disk.written_bytes_per_second", written, disk),
      reading("disk.busy_percent", within(written / 500_000, 0, 100), disk),
      reading("filesystem.total_bytes", diskBytes, "/"),
      reading("filesystem.used_bytes", Math.round(diskBytes * full), "/"),
      reading("filesystem.available_bytes", Math.round(diskBytes * (1 - full)), "/"),
      reading("filesystem.used_percent", 100 * full, "/"),
      reading("network.received_bytes_per_second", received, "eth0"),
      reading("network.sent_bytes_per_second", received / 4, "eth0"),
      reading("temperature.celsius", 34 + 35 * busy + 3 * warmth(at), "cpu"),
    ];
  };
}

const reading = (metric: string, value: number, instance = ""): TelemetryReading => ({ metric, instance, value });
