import type { Clock } from "@edgemere/protocol/kit";
import { hostSources, type Host, type HostSource, type TelemetryReading } from "../host.ts";
import { busiestPrograms } from "./busiest-programs.ts";
import { coreCounters, cpuMeasurements } from "./cpu.ts";
import { diskCounters } from "./disks.ts";
import { fileSystemReader } from "./file-systems.ts";
import { kernelNames, kernelText } from "./kernel-files.ts";
import { loadReadings, uptimeReadings } from "./load.ts";
import { lookAt, readingsOf } from "./measurement.ts";
import type { Look, Measurement } from "./measurement.ts";
import { memoryReadings } from "./memory.ts";
import { localMounts } from "./mounts.ts";
import { networkCounters } from "./network.ts";
import { ownHealth } from "./own-health.ts";
import { pageSize } from "./page-size.ts";
import { pressureMeasurements } from "./pressure.ts";
import { processCounts } from "./process-states.ts";
import { allProcesses } from "./process-stats.ts";
import { findSensors, temperatureReadings } from "./temperatures.ts";

/** Given the moment on the monotonic clock. */
type Measure = (at: number) => readonly Measurement[] | Promise<readonly Measurement[]>;

const textOf = (path: string) => kernelText(path) ?? "";
const RESOURCES = ["cpu", "memory", "io"];

/** How each source of this machine is measured. */
function sourcesOf(clock: Clock): Readonly<Record<HostSource, Measure>> {
  const readFileSystems = fileSystemReader(clock);
  const readOwnHealth = ownHealth();
  let readPrograms: ReturnType<typeof busiestPrograms> | undefined;
  return {
    cpu: () => cpuMeasurements(textOf("/proc/stat")),
    cores: () => coreCounters(textOf("/proc/stat")),
    load: () => [...loadReadings(textOf("/proc/loadavg")), ...uptimeReadings(textOf("/proc/uptime"))],
    memory: () => memoryReadings(textOf("/proc/meminfo")),
    pressure: () => RESOURCES.flatMap((each) => pressureMeasurements(each, textOf(`/proc/pressure/${each}`))),
    disks: () => diskCounters(textOf("/proc/diskstats"), new Set(kernelNames("/sys/block"))),
    filesystems: () => readFileSystems(localMounts(textOf("/proc/self/mountinfo"))),
    // Of this process's network namespace, as /proc/net is a link to it.
    network: () => networkCounters(textOf("/proc/net/dev")),
    temperatures: () => temperatureReadings(findSensors()),
    processes: () => processCounts(allProcesses()),
    programs: (at) => (readPrograms ??= busiestPrograms(pageSize()))(allProcesses(), at),
    agent: () => readOwnHealth(),
  };
}

/** Measures this machine each time it is called; rates are since the source was measured before. */
export function linuxSampler(clock: Clock): Host["sample"] {
  const sources = sourcesOf(clock);
  const looks = new Map<HostSource, Look>();

  const measure = async (source: HostSource): Promise<readonly TelemetryReading[]> => {
    const at = clock.monotonic();
    const measurements = await sources[source](at);
    const readings = readingsOf(measurements, looks.get(source), at);
    looks.set(source, lookAt(at, measurements));
    return readings;
  };
  return async (wanted) => {
    const due = hostSources.filter((source) => wanted?.has(source) ?? true);
    return (await Promise.all(due.map(measure))).flat();
  };
}
