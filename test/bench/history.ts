import { readdir, stat } from "node:fs/promises";
import { join } from "node:path";
import { createCore, features, levelDatabase, type AppContext, type Core } from "@edgemere/control-plane";
import { inColumns, pack, privateKeyFromSeed } from "@edgemere/protocol";
import { DAY, HOUR, MINUTE, SECOND, silentLog } from "@edgemere/protocol/kit";
import { ManualClock, seededRandom } from "@edgemere/protocol/simulated";
import { ClassicLevel } from "classic-level";
import { temporaryFolder } from "../world/temporary-folder.ts";
import { deviceRow } from "./device-rows.ts";
import { recording, rounded, type Recording } from "./recording.ts";
import { figure, spread } from "./statistics.ts";
import type { Table } from "./table.ts";

const QUERIES = 15;

interface Plan {
  readonly devices: number;
  readonly lasts: number;
  readonly sampleEvery: number;
  readonly reportEvery: number;
}
const plans: Readonly<Record<string, Plan>> = {
  "every 10 s, reported every minute": { devices: 5, lasts: DAY, sampleEvery: 10 * SECOND, reportEvery: MINUTE },
  "every second, reported every 10 s": { devices: 5, lasts: 2 * HOUR, sampleEvery: SECOND, reportEvery: 10 * SECOND },
};

type Bench = Core<AppContext>;

/** What a day of a real host's numbers takes on the disk and of the CPU, and how long a question about it takes. */
export async function history(): Promise<readonly Table[]> {
  const source = rounded(await recording());
  const rows: (readonly string[])[] = [];
  for (const [name, plan] of Object.entries(plans)) rows.push(await lived(name, plan, source));
  return [
    {
      title: `history: ${source.series.length} series of a real host, its recording over and over, kept in LevelDB`,
      columns: [
        "samples",
        "devices",
        "hours",
        "bytes/sample on disk",
        "in chunks",
        "CPU µs/report",
        "CPU ns/sample",
        "one metric, ms",
        "all metrics of an hour, ms",
      ],
      rows,
      notes: [
        "The folder of the store after all hours were merged and LevelDB has cleared away what it does not need. " +
          "The CPU time is of all threads, from the making of the packet to the commit, and of merging; each report is synced. " +
          `Questions are asked ${QUERIES} times of the action that every face calls, for the whole time: median (least..most).`,
      ],
    },
  ];
}

async function lived(name: string, plan: Plan, source: Recording): Promise<readonly string[]> {
  await using folder = await temporaryFolder("bench-history");
  const clock = new ManualClock(1_767_225_600_000);
  const start = clock.now();
  const core = await createCore<AppContext>({
    database: await levelDatabase(join(folder.path, "store")),
    clock,
    random: seededRandom(1),
    log: silentLog,
    features: features.filter((feature) => feature.name === "telemetry-aggregator"),
    context: { telemetry: { retention: 7 * DAY } } as never,
    signer: { keysFor: () => [key], keyringVersion: 1, keyringsAfter: () => [] },
  });
  core.link.attach({ send: () => Promise.resolve(), disconnect: () => undefined });
  core.start();
  const devices = Array.from({ length: plan.devices }, (_, device) => `gateway-${String(device).padStart(5, "0")}`);
  await core.store.commit(...devices.map((_, device) => deviceRow(device)));

  const before = process.cpuUsage();
  const reports = plan.lasts / plan.reportEvery;
  for (let report = 0; report < reports; report++) {
    await clock.advance(plan.reportEvery);
    await Promise.all(devices.map((device, place) => arrive(core, { device, place, report, plan, source, start })));
  }
  const { user, system } = process.cpuUsage(before);
  await clock.advance(HOUR + 10 * MINUTE);
  await merged(core);

  const range = { from: start, to: start + plan.lasts };
  const one = await asked(core, { device: devices[0], metric: [source.series[0]?.metric], points: 10_000, ...range });
  const all = await asked(core, { device: devices[0], points: 10_000, from: range.to - HOUR, to: range.to });
  const chunks = await chunkBytes(core);
  await core[Symbol.asyncDispose]();
  const samples = (plan.devices * plan.lasts * source.series.length) / plan.sampleEvery;
  return [
    name,
    figure(plan.devices),
    figure(plan.lasts / HOUR),
    figure((await bytesOf(join(folder.path, "store"))) / samples),
    figure(chunks / samples),
    figure((user + system) / (reports * plan.devices)),
    figure(((user + system) * 1_000) / samples),
    spread(one),
    spread(all),
  ];
}

const key = { keyId: "bench", privateKey: privateKeyFromSeed(new Uint8Array(32)) };

interface Sending {
  readonly device: string;
  readonly place: number;
  readonly report: number;
  readonly plan: Plan;
  readonly source: Recording;
  readonly start: number;
}

/** Each device is at another place of the recording. */
async function arrive(core: Bench, { device, place, report, plan, source, start }: Sending): Promise<void> {
  const rows = plan.reportEvery / plan.sampleEvery;
  const first = report * rows + place * 29;
  const baseMs = start + report * plan.reportEvery;
  const { topic, payload } = pack(
    "telemetry",
    { device },
    {
      ...inColumns([
        {
          sequence: report + 1,
          atMs: baseMs,
          telemetry: {
            baseMs,
            offsetMs: Array.from({ length: rows }, (_, row) => row * plan.sampleEvery),
            series: source.series.map(({ metric, instance, values }) => ({
              metric,
              instance,
              values: Array.from({ length: rows }, (_, row) => values[(first + row) % source.rows] ?? NaN),
            })),
          },
        },
      ]),
      firstUnacknowledged: report + 1,
      sessionEpoch: 1,
    },
  );
  await core.link.arrived(device, topic, payload, "192.0.2.1");
}

/** Until every hour that is over lies in chunks. */
async function merged(core: Bench): Promise<void> {
  for (let before = -1, now = 0; now !== before;) {
    before = now;
    core.kick();
    await new Promise((resolve) => setTimeout(resolve, 500));
    now = await chunkBytes(core);
  }
}

async function chunkBytes({ store }: Bench): Promise<number> {
  let bytes = 0;
  for await (const [, value] of store.bytesBetween({ gte: "stelemetrychunk\u0000", lt: "stelemetrychunk\u0000\uffff" }))
    bytes += value.length;
  return bytes;
}

async function asked(core: Bench, input: object): Promise<readonly number[]> {
  const caller = { actor: "user:bench", via: "rest", permissions: ["*"], requestId: "bench" } as const;
  const taken: number[] = [];
  for (let time = 0; time < QUERIES; time++) {
    const from = performance.now();
    await core.dispatch("cpl/ta/history", input, caller);
    taken.push(performance.now() - from);
  }
  return taken;
}

/** What is left when LevelDB has cleared away what was overwritten and removed, as it does in time by itself. */
async function bytesOf(folder: string): Promise<number> {
  const level = new ClassicLevel(folder, { blockSize: 16 * 1_024 });
  await level.open();
  await level.compactRange("", "\uffff");
  await level.close();
  const sizes = await Promise.all((await readdir(folder)).map(async (name) => (await stat(join(folder, name))).size));
  return sizes.reduce((sum, size) => sum + size, 0);
}
