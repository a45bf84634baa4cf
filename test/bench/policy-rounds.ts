import { nameOf } from "./device-rows.ts";
import { inTurns, type TelemetryStore } from "./telemetry-store.ts";

/** Milliseconds between two samples of a device. */
export const EVERY = 10_000;

export const metrics = [
  "cpu.busy_percent",
  "memory.used_percent",
  "filesystem.used_percent",
  "load.average_1m",
  "host.temperature_celsius",
];

/** What something took. */
export interface Round {
  readonly seconds: number;
  /** Seconds of all threads. */
  readonly cpu: number;
}

/** Each device reports once. */
export const round = (bench: TelemetryStore, devices: number, sequence: number, begin: number): Promise<Round> =>
  measured(() =>
    inTurns(devices, async (number) => {
      const atMs = begin + sequence * EVERY;
      const values = (metric: number) => [(number * 7 + metric * 13) % 90];
      const series = metrics.map((metric, place) => ({ metric, instance: "", values: values(place) }));
      await bench.arrived(nameOf(number), { sequence, atMs, telemetry: { baseMs: atMs, offsetMs: [0], series } });
    }),
  );

export async function measured(run: () => Promise<void>): Promise<Round> {
  const [began, used] = [performance.now(), process.cpuUsage()];
  await run();
  const { user, system } = process.cpuUsage(used);
  return { seconds: (performance.now() - began) / 1_000, cpu: (user + system) / 1e6 };
}
