import type { RecordBody } from "@edgemere/protocol";
import { seededRandom } from "@edgemere/protocol/simulated";

export const SERIES = 60;
export const ROWS = 10;
const EVERY = 1_000;

/** How the numbers of a host look: shares, bytes counted since boot, pages in use, temperatures. */
const kinds = [
  { metric: "cpu.busy_percent", next: (_: number, chance: number) => Math.round(chance * 10_000) / 100 },
  { metric: "network.received_bytes", next: (last: number, chance: number) => last + Math.floor(chance * 125_000) },
  { metric: "memory.used_bytes", next: (_: number, chance: number) => 2 ** 32 + Math.floor(chance * 4_096) * 4_096 },
  { metric: "temperature.celsius", next: (_: number, chance: number) => 40 + Math.floor(chance * 40) / 2 },
] as const;

/** What an agent reports in ten seconds that measures every second. Same seed, same numbers. */
export const someTelemetry = (seed: number, baseMs: number): RecordBody => made(seed, baseMs, SERIES, ROWS, EVERY);

/** An hour of an agent that measures every ten seconds. */
export const someHour = (seed: number, baseMs: number, series: number): RecordBody =>
  made(seed, baseMs, series, 360, 10_000);

function made(seed: number, baseMs: number, count: number, rows: number, every: number): RecordBody {
  const random = seededRandom(seed);
  const series = Array.from({ length: count }, (_, i) => {
    const { metric, next } = kinds[i % kinds.length] ?? kinds[0];
    const values: number[] = [];
    for (let row = 0; row < rows; row++) values.push(next(values.at(-1) ?? 0, random.next()));
    return { metric, instance: `device-${Math.floor(i / kinds.length)}`, values };
  });
  return { telemetry: { baseMs, offsetMs: Array.from({ length: rows }, (_, row) => row * every), series } };
}
