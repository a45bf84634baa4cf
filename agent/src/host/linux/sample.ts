import type { Clock } from "@edgemere/protocol/kit";
import type { TelemetryReading } from "../host.ts";
import { cpuMeasurements } from "./cpu.ts";
import { diskCounters } from "./disks.ts";
import { fileSystemReader } from "./file-systems.ts";
import { kernelNames, kernelText } from "./kernel-files.ts";
import { loadReadings, uptimeReadings } from "./load.ts";
import { lookAt, readingsOf } from "./measurement.ts";
import type { Look, Measurement } from "./measurement.ts";
import { memoryReadings } from "./memory.ts";
import { localMounts } from "./mounts.ts";
import { networkCounters } from "./network.ts";
import { ownMeasurements } from "./own-health.ts";
import { pressureCounters } from "./pressure.ts";
import { findSensors, temperatureReadings } from "./temperatures.ts";

const sources: readonly (readonly [path: string, parse: (text: string) => readonly Measurement[]])[] = [
  ["/proc/stat", cpuMeasurements],
  ["/proc/loadavg", loadReadings],
  ["/proc/uptime", uptimeReadings],
  ["/proc/meminfo", memoryReadings],
  ["/proc/pressure/cpu", (text) => pressureCounters("cpu", text)],
  ["/proc/pressure/memory", (text) => pressureCounters("memory", text)],
  ["/proc/pressure/io", (text) => pressureCounters("io", text)],
  ["/proc/diskstats", (text) => diskCounters(text, new Set(kernelNames("/sys/block")))],
  // Of this process's network namespace, as /proc/net is a link to it.
  ["/proc/net/dev", networkCounters],
];

/** Measures this machine each time it is called; rates are since the call before. */
export function linuxSampler(clock: Clock): () => Promise<readonly TelemetryReading[]> {
  const readFileSystems = fileSystemReader(clock);
  let before: Look | undefined;

  return async () => {
    const at = clock.monotonic();
    const measurements = [
      ...sources.flatMap(([path, parse]) => parse(kernelText(path) ?? "")),
      ...processCount(),
      ...ownMeasurements(),
    ];
    const readings = readingsOf(measurements, before, at);
    before = lookAt(at, measurements);
    const [fileSystems, temperatures] = await Promise.all([
      readFileSystems(localMounts(kernelText("/proc/self/mountinfo") ?? "")),
      temperatureReadings(findSensors()),
    ]);
    return [...readings, ...fileSystems, ...temperatures];
  };
}

function processCount(): readonly TelemetryReading[] {
  const value = kernelNames("/proc").filter((name) => /^\d+$/.test(name)).length;
  return value === 0 ? [] : [{ metric: "processes.total_count", instance: "", value }];
}
