import { join } from "node:path";
import { HOUR, MINUTE, SECOND } from "@edgemere/protocol/kit";
import { temporaryFolder } from "../../world/temporary-folder.ts";
import { nameOf } from "../device-rows.ts";
import { useOf } from "../process-use.ts";
import { recording, rounded } from "../recording.ts";
import { figure } from "../statistics.ts";
import { dayReport, storedDay, type Plan, type StoredDay } from "../stored-day.ts";
import type { Table } from "../table.ts";
import { post, startDatabases, type Database } from "./databases.ts";
import { linesOf } from "./lines.ts";
import { Opened } from "./opened.ts";
import { answered, questionColumns, questionNotes, type Question } from "./questions.ts";
import type { Size } from "./size.ts";

interface Kept {
  readonly name: string;
  readonly mebibytes: number;
  /** Milliseconds. */
  readonly cpu: number;
}

const caller = { actor: "user:bench", via: "system", permissions: ["*"], requestId: "bench" } as const;

/** What a day of many devices takes on the disk and of the CPU, and how long a question about it takes. */
export async function day({ stored: { devices, hours }, questions: times, tell }: Size): Promise<readonly Table[]> {
  await using folder = await temporaryFolder("bench-day");
  await using open = new Opened();
  const source = rounded(await recording());
  const plan = { devices, lasts: hours * HOUR, sampleEvery: 10 * SECOND, reportEvery: MINUTE };
  const parts = { plan, source, onHour: (hour: number) => tell(`day: hour ${hour} of ${hours}`) };
  tell(`day: ${hours} hours of ${devices} devices, samples alone`);
  const bare = await storedDay({ ...parts, folder: join(folder.path, "bare"), hasWindows: false });
  const { samples } = bare;
  const kept: Kept[] = [{ name: "control plane, samples", cpu: bare.cpu, mebibytes: await bare.closedMebibytes() }];
  tell("day: the same with windows of minutes and hours");
  const ours = await storedDay({ ...parts, folder: join(folder.path, "ours"), hasWindows: true });
  const databases = await startDatabases(join(folder.path, "databases"));
  for (const each of databases) open.use(each);
  for (const database of databases) kept.push(await imported(database, { ...parts, tell }));
  const rows: (readonly string[])[] = [];
  for (const question of questionsOf(plan, ours)) {
    tell(`day: ${question.title}`);
    rows.push(
      await answered(question, { ask: (path, input) => ours.core.dispatch(path, input, caller), databases, times }),
    );
  }
  kept.splice(1, 0, { name: "control plane, with windows", cpu: ours.cpu, mebibytes: await ours.closedMebibytes() });
  const title = `${hours} h of ${devices.toLocaleString("en")} devices, ${source.series.length} series each, samples every 10 s`;
  return [
    {
      title: `day: ${title}`,
      columns: ["", "MiB on disk", "bytes/sample", "CPU s", "CPU ns/sample", "M samples/s and core"],
      rows: kept.map(({ name, mebibytes, cpu }) => [
        name,
        figure(mebibytes),
        figure((mebibytes * 1024 ** 2) / samples),
        figure(cpu / 1_000),
        figure((cpu * 1_000_000) / samples),
        figure(samples / cpu / 1_000),
      ]),
      notes: [
        `${figure(samples)} samples of a real host, its recording over and over, each device at another place of it. Files are counted when each has put together what it has. Ours takes a message of each device and ` +
          "minute as it comes over the wire and syncs it before it goes on; the databases take the same samples by HTTP in InfluxDB's line protocol, those of all devices of a minute in one request. " +
          "CPU is of the store alone, with all that it does afterwards; ours also reads the columns.",
      ],
    },
    { title: `questions: ${title}`, columns: questionColumns(databases), rows, notes: questionNotes(times) },
  ];
}

async function imported(
  database: Database,
  { plan, source, tell }: Pick<Size, "tell"> & Parameters<typeof dayReport>[0],
): Promise<Kept> {
  const { name, pid, writeUrl, settledMebibytes } = database;
  const before = await useOf(pid);
  for (let report = 0; report < plan.lasts / plan.reportEvery; report++) {
    if ((report * plan.reportEvery) % HOUR === 0) tell(`day: ${name}, hour ${(report * plan.reportEvery) / HOUR + 1}`);
    let lines = "";
    for (let place = 0; place < plan.devices; place++)
      lines += linesOf(dayReport({ plan, source }, place, report), { device: nameOf(place) });
    await post(writeUrl, lines);
  }
  tell(`day: ${name} puts together what it has`);
  const mebibytes = await settledMebibytes();
  return { name, mebibytes, cpu: (await useOf(pid)).cpu - before.cpu };
}

function questionsOf(plan: Plan, { start }: StoredDay): readonly Question[] {
  const [from, to, device] = [start, start + plan.lasts, nameOf(0)];
  const range = (begin: number, step: string) => ({ start: String(begin / 1_000), end: String(to / 1_000 - 1), step });
  const time = (begin: number) => `time >= ${begin}ms AND time < ${to}ms`;
  const metric = ["cpu.busy_percent"];
  const victoria = (query: string, begin: number, step: string) => ({
    path: "/api/v1/query_range",
    question: { query, ...range(begin, step) },
  });
  const influx = (q: string) => ({ path: "/query", question: { q } });
  return [
    {
      title: "one device, one metric, all samples",
      ours: { path: "cpl/ta/history", input: { device, metric, from, to: to - 1, points: 10_000 } },
      theirs: {
        VictoriaMetrics: victoria(`cpu_busy_percent{device="${device}"}`, from, "10s"),
        InfluxDB: influx(`SELECT "busy_percent" FROM "cpu" WHERE "device" = '${device}' AND ${time(from)}`),
      },
    },
    {
      title: "one device, one metric, windows of 1 min",
      ours: { path: "cpl/ta/query", input: { device, metric, from, to, step: "1m" } },
      theirs: {
        VictoriaMetrics: victoria(`avg_over_time(cpu_busy_percent{device="${device}"}[1m])`, from, "1m"),
        InfluxDB: influx(
          `SELECT mean("busy_percent") FROM "cpu" WHERE "device" = '${device}' AND ${time(from)} GROUP BY time(1m)`,
        ),
      },
    },
    {
      title: "one device, all metrics, all samples of the last hour",
      ours: { path: "cpl/ta/history", input: { device, from: to - HOUR, to: to - 1, points: 10_000 } },
      theirs: {
        VictoriaMetrics: victoria(`{device="${device}"}`, to - HOUR, "10s"),
        InfluxDB: influx(`SELECT * FROM /.*/ WHERE "device" = '${device}' AND ${time(to - HOUR)}`),
      },
    },
    {
      title: "all devices together, one metric, windows of 5 min",
      ours: { path: "cpl/ta/query", input: { metric, from, to, step: "5m" } },
      theirs: {
        VictoriaMetrics: victoria("avg(avg_over_time(cpu_busy_percent[5m]))", from, "5m"),
        InfluxDB: influx(`SELECT mean("busy_percent") FROM "cpu" WHERE ${time(from)} GROUP BY time(5m)`),
      },
    },
    nothing,
  ];
}

/** What asking takes by itself. */
export const nothing: Question = {
  title: "nothing",
  theirs: {
    VictoriaMetrics: { path: "/health", question: {} },
    InfluxDB: { path: "/ping", question: {} },
  },
};
