import { writeFile } from "node:fs/promises";
import { setTimeout as sleep } from "node:timers/promises";
import { gzipSync } from "node:zlib";
import { linuxHost } from "@edgemere/agent";
import { recordingFile } from "./recording.ts";

const SECOND = 1_000;
const [seconds = "600"] = process.argv.slice(2);
const rows = Number(seconds);
if (!(rows > 0)) throw new Error("usage: node test/dist/bench/record.js [SECONDS]");

/** Measures this host once a second, and keeps that for the benches in place of what was recorded before. */
const host = linuxHost();
const series = new Map<string, { metric: string; instance: string; values: (number | null)[] }>();
// The first look has no rates.
await host.sample();
for (let row = 0; row < rows; row++) {
  await sleep(SECOND);
  for (const { metric, instance, value } of await host.sample()) {
    const key = `${metric} ${instance}`;
    const column = series.get(key) ?? { metric, instance, values: Array<number | null>(rows).fill(null) };
    column.values[row] = value;
    series.set(key, column);
  }
}
await writeFile(recordingFile, gzipSync(JSON.stringify({ series: [...series.values()] }), { level: 9 }));
console.log(`${series.size} series × ${rows} rows in ${recordingFile}`);
