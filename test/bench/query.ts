import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { createCore, features, levelDatabase } from "@edgemere/control-plane";
import { inColumns, pack, privateKeyFromSeed } from "@edgemere/protocol";
import { silentLog, systemClock, systemRandom } from "@edgemere/protocol/kit";
import { temporaryFolder } from "../world/temporary-folder.ts";
import { deviceRow, nameOf } from "./device-rows.ts";
import { figure, quantile, spread } from "./statistics.ts";
import type { Table } from "./table.ts";
import { someHour } from "./telemetry.ts";

const DEVICES = 10_000;
const AT_ONCE = 200;
const TIMES = 15;
const HOUR = 3_600_000;
const DAY = 24 * HOUR;
const METRIC = "cpu.busy_percent";
const FLEET_SERIES = 6;
const HOST_SERIES = 60;
const caller = { actor: "user:bench", via: "system", permissions: ["*"], requestId: "bench" } as const;

type Bench = AsyncDisposable & {
  readonly ask: (path: string, input: object) => Promise<unknown>;
  readonly arrived: (device: string, sequence: number, from: number, series: number) => Promise<void>;
  readonly waiting: () => Promise<number>;
  readonly commit: (change: ReturnType<typeof deviceRow>) => Promise<void>;
};

/** What somebody waits for who asks about the telemetry of one device, or of ten thousand. */
export async function query(): Promise<readonly Table[]> {
  await using folder = await temporaryFolder("bench-query");
  await using bench = await start(join(folder.path, "store"));
  const now = Math.floor(systemClock.now() / HOUR) * HOUR;
  await inTurns(DEVICES, async (number) => bench.commit(deviceRow(number, 1)));
  await inTurns(DEVICES, (number) => bench.arrived(nameOf(number), 1, now - HOUR, FLEET_SERIES));
  for (let hour = 0; hour < 24; hour++) await bench.arrived("host", hour + 1, now - DAY + hour * HOUR, HOST_SERIES);
  await bench.commit(deviceRow(DEVICES, 1, "host"));
  const asked = performance.now();
  while ((await bench.waiting()) > 0) await sleep(500);
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

async function inTurns(count: number, run: (number: number) => Promise<void>): Promise<void> {
  for (let first = 0; first < count; first += AT_ONCE)
    await Promise.all(Array.from({ length: Math.min(AT_ONCE, count - first) }, (_, i) => run(first + i)));
}

async function start(folder: string): Promise<Bench> {
  const key = { keyId: "bench", privateKey: privateKeyFromSeed(new Uint8Array(32)) };
  const core = await createCore({
    database: await levelDatabase(folder),
    clock: systemClock,
    random: systemRandom,
    log: silentLog,
    features: features.filter(({ name }) => name === "telemetry-aggregator") as [],
    context: {
      telemetry: { retention: 7 * DAY, windows: { every: 2_000, keepMinutes: 7 * DAY, keepHours: 30 * DAY } },
    } as object,
    signer: { keysFor: () => [key], keyringVersion: 1, keyringsAfter: () => [] },
  });
  core.start();
  return {
    ask: (path, input) => core.dispatch(path, input, caller),
    arrived: async (device, sequence, from, series) => {
      const record = { sequence, atMs: from, ...someHour(sequence, from, series) };
      const batch = { ...inColumns([record]), firstUnacknowledged: 1, sessionEpoch: 1 };
      const { topic, payload } = pack("telemetry", { device }, batch);
      await core.link.arrived(device, topic, payload, "192.0.2.1");
    },
    waiting: async () =>
      (await core.store.count({ name: "telemetrydirty", indexes: {} })) +
      (await core.store.count({ name: "telemetryunderway", indexes: {} })),
    commit: (change) => core.store.commit(change),
    [Symbol.asyncDispose]: () => core[Symbol.asyncDispose](),
  };
}

async function row(bench: Bench, title: string, path: string, input: object): Promise<readonly string[]> {
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
