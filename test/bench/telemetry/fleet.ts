import { join } from "node:path";
import type { Samples } from "@edgemere/protocol";
import { HOUR, MINUTE, systemClock } from "@edgemere/protocol/kit";
import { temporaryFolder } from "../../world/temporary-folder.ts";
import { deviceRow, nameOf, siteOf } from "../device-rows.ts";
import { recording, rounded, samplesFrom } from "../recording.ts";
import type { Table } from "../table.ts";
import { inTurns, telemetryStore } from "../telemetry-store.ts";
import { post, startDatabases, type Database } from "./databases.ts";
import { nothing } from "./day.ts";
import { linesOf } from "./lines.ts";
import { Opened } from "./opened.ts";
import { answered, questionColumns, questionNotes, type Question } from "./questions.ts";
import type { Size } from "./size.ts";

const SERIES = 6;
const EVERY = 10_000;
const DEVICES_A_REQUEST = 100;

/** How long a question about very many devices takes. */
export async function fleet({ fleet: devices, questions: times, tell }: Size): Promise<readonly Table[]> {
  await using folder = await temporaryFolder("bench-fleet");
  await using open = new Opened();
  const store = open.use(await telemetryStore(join(folder.path, "store")));
  const databases = await startDatabases(join(folder.path, "databases"));
  for (const each of databases) open.use(each);
  const all = rounded(await recording());
  const source = { ...all, series: all.series.slice(0, SERIES) };
  const now = Math.floor(systemClock.now() / HOUR) * HOUR;
  const hourOf = (number: number): Samples =>
    samplesFrom(source, { first: number, rows: HOUR / EVERY, every: EVERY, baseMs: now - HOUR });

  tell(`fleet: an hour of ${devices.toLocaleString("en")} devices`);
  await inTurns(devices, async (number) => store.commit(deviceRow(number)));
  await inTurns(devices, (number) =>
    store.arrived(nameOf(number), { sequence: 1, atMs: now - HOUR, telemetry: hourOf(number) }),
  );
  for (const database of databases) {
    tell(`fleet: the same into ${database.name}`);
    await imported(database, devices, hourOf);
  }
  tell("fleet: windows are made");
  await store.windowsMade();
  const rows: (readonly string[])[] = [];
  for (const question of questionsOf(now)) {
    tell(`fleet: ${question.title}`);
    rows.push(await answered(question, { ask: store.ask, databases, times }));
  }
  return [
    {
      title: `questions: ${devices.toLocaleString("en")} devices, an hour, ${SERIES} series each, samples every 10 s`,
      columns: questionColumns(databases),
      rows,
      notes: questionNotes(times),
    },
  ];
}

async function imported(
  { writeUrl, settledMebibytes }: Database,
  devices: number,
  hourOf: (number: number) => Samples,
) {
  for (let first = 0; first < devices; first += DEVICES_A_REQUEST) {
    let lines = "";
    for (let number = first; number < Math.min(devices, first + DEVICES_A_REQUEST); number++)
      lines += linesOf(hourOf(number), { device: nameOf(number), site: siteOf(number) });
    await post(writeUrl, lines);
  }
  await settledMebibytes();
}

function questionsOf(now: number): readonly Question[] {
  const metric = ["cpu.busy_percent"];
  const range = { start: String((now - HOUR) / 1_000), end: String(now / 1_000 - 1), step: "1m" };
  const time = (lasts: number) => `time >= ${now - lasts}ms AND time < ${now}ms`;
  const fleet = { metric, from: now - HOUR, to: now };
  return [
    {
      title: "1 h in windows of 1 min, by site",
      ours: { path: "cpl/ta/query", input: { ...fleet, step: "1m", by: ["site"] } },
      theirs: {
        VictoriaMetrics: {
          path: "/api/v1/query_range",
          question: { query: "avg(avg_over_time(cpu_busy_percent[1m])) by (site)", ...range },
        },
        InfluxDB: {
          path: "/query",
          question: { q: `SELECT mean("busy_percent") FROM "cpu" WHERE ${time(HOUR)} GROUP BY time(1m), "site"` },
        },
      },
    },
    {
      title: "the top 10 by the last value of the newest 5 min",
      ours: {
        path: "cpl/ta/query",
        input: { ...fleet, from: now - 5 * MINUTE, step: "5m", by: ["device"], function: "last", top: 10 },
      },
      theirs: {
        VictoriaMetrics: {
          path: "/api/v1/query",
          question: { query: "topk(10, last_over_time(cpu_busy_percent[5m]))", time: String(now / 1_000 - 1) },
        },
        InfluxDB: {
          path: "/query",
          question: {
            q: `SELECT top("last", "device", 10) FROM (SELECT last("busy_percent") FROM "cpu" WHERE ${time(5 * MINUTE)} GROUP BY "device")`,
          },
        },
      },
    },
    {
      title: "what changed most in 10 min, the top 10",
      ours: {
        path: "cpl/ta/query",
        input: { ...fleet, from: now - 10 * MINUTE, step: "5m", by: ["device"], changes: true, top: 10 },
      },
      theirs: {
        VictoriaMetrics: {
          path: "/api/v1/query",
          question: {
            query:
              "topk(10, abs(avg_over_time(cpu_busy_percent[10m]) / avg_over_time(cpu_busy_percent[10m] offset 10m) - 1))",
            time: String(now / 1_000 - 1),
          },
        },
      },
    },
    nothing,
  ];
}
