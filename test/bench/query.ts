import { join } from "node:path";
import { DAY, HOUR, systemClock } from "@edgemere/protocol/kit";
import { temporaryFolder } from "../world/temporary-folder.ts";
import { deviceRow, nameOf } from "./device-rows.ts";
import { figure, quantile, spread } from "./statistics.ts";
import type { Table } from "./table.ts";
import { inTurns, telemetryStore, type TelemetryStore } from "./telemetry-store.ts";
import { someHour } from "./telemetry.ts";

const DEVICES = 10_000;
const TIMES = 15;
const METRIC = "cpu.busy_percent";
const FLEET_SERIES = 6;
const HOST_SERIES = 60;

/** What somebody waits for who asks about the telemetry of one device, or of ten thousand. */
export async function query(): Promise<readonly Table[]> {
  await using folder = await temporaryFolder("bench-query");
  await using bench = await telemetryStore(join(folder.path, "store"));
  const now = Math.floor(systemClock.now() / HOUR) * HOUR;
  await inTurns(DEVICES, async (number) => bench.commit(deviceRow(number, 1)));
  const hour = (sequence: number, atMs: number, series: number) => ({
    sequence,
    atMs,
    ...someHour(sequence, atMs, series),
  });
  await inTurns(DEVICES, (number) => bench.arrived(nameOf(number), hour(1, now - HOUR, FLEET_SERIES)));
  for (let place = 0; place < 24; place++)
    await bench.arrived("host", hour(place + 1, now - DAY + place * HOUR, HOST_SERIES));
  await bench.commit(deviceRow(DEVICES, 1, "host"));
  const asked = performance.now();
  await bench.windowsMade();
  const windowsAfter = performance.now() - asked;

  const fleet = { metric: [METRIC], from: now - HOUR, to: now };
  const host = { metric: [METRIC], from: now - DAY, to: now, device: "host" };
  const rows = [
    await row(bench, "history: one device, one metric, 24 h at 10 s", "cpl/ta/history", { ...host, points: 10_000 }),
    await row(bench, "query: the same, windows of 10 s", "cpl/ta/query", { ...host, step: "10s" }),
    await row(bench, "query: the same, windows of 1 min", "cpl/ta/query", { ...host, step: "1m" }),
    await row(bench, "query: 10,000 devices, 1 h in windows of 1 min, by site", "cpl/ta/query", {
      ...fleet,
      step: "1m",
      by: ["site"],
    }),
    await row(bench, "query: the same, each device summed up by itself", "cpl/ta/query", {
      ...fleet,
      step: "1m",
      by: ["site"],
      across: "mean",
    }),
    await row(bench, "query: 10,000 devices, the top 10 of the newest 5 min", "cpl/ta/query", {
      ...fleet,
      from: now - 5 * 60_000,
      step: "5m",
      by: ["device"],
      function: "last",
      top: 10,
    }),
    await row(bench, "query: 10,000 devices, what changed most in 10 min", "cpl/ta/query", {
      ...fleet,
      from: now - 10 * 60_000,
      step: "5m",
      by: ["device"],
      changes: true,
      top: 10,
    }),
  ];
  return [
    {
      title: `query: ${figure(DEVICES)} devices with ${FLEET_SERIES} series each, and one with ${HOST_SERIES}; samples every 10 s`,
      columns: ["", "times", "p50 ms", "p99 ms", "CPU ms", "read from", "MiB read", "groups"],
      rows,
      notes: [
        "One after another on an idle store, straight at dispatch: without HTTP. Of so few times the p99 is the slowest. CPU is of all threads of the process, median (least..most).",
        `The windows of all ${figure(DEVICES)} device-hours, and of the day, were made ${figure(windowsAfter / 1_000)} s after the last sample.`,
      ],
    },
  ];
}

async function row(bench: TelemetryStore, title: string, path: string, input: object): Promise<readonly string[]> {
  const [taken, worked]: [number[], number[]] = [[], []];
  let output: unknown;
  for (let time = 0; time < TIMES; time++) {
    const began = performance.now();
    const before = process.cpuUsage();
    output = await bench.ask(path, input);
    const { user, system } = process.cpuUsage(before);
    taken.push(performance.now() - began);
    worked.push((user + system) / 1_000);
  }
  const { source, cost, series } = output as {
    readonly source?: string;
    readonly cost?: { readonly bytes: number };
    readonly series: readonly unknown[];
  };
  return [
    title,
    String(TIMES),
    figure(quantile(taken, 0.5)),
    figure(quantile(taken, 0.99)),
    spread(worked),
    source ?? "samples",
    cost === undefined ? "" : figure(cost.bytes / 1024 ** 2),
    String(series.length),
  ];
}
