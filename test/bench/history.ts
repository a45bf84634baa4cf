import { DAY, HOUR, MINUTE, SECOND } from "@edgemere/protocol/kit";
import { temporaryFolder } from "../world/temporary-folder.ts";
import { nameOf } from "./device-rows.ts";
import { recording, rounded, type Recording } from "./recording.ts";
import { figure, spread } from "./statistics.ts";
import { storedDay, type Plan, type StoredDay } from "./stored-day.ts";
import type { Table } from "./table.ts";

const QUERIES = 15;

const plans: Readonly<Record<string, Plan>> = {
  "every 10 s, reported every minute": { devices: 5, lasts: DAY, sampleEvery: 10 * SECOND, reportEvery: MINUTE },
  "every second, reported every 10 s": { devices: 5, lasts: 2 * HOUR, sampleEvery: SECOND, reportEvery: 10 * SECOND },
};

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
          "The CPU time is of all threads, from the arrival of a message to the commit, and of merging; each report is synced. " +
          `Questions are asked ${QUERIES} times of the action that every face calls, for the whole time: median (least..most).`,
      ],
    },
  ];
}

async function lived(name: string, plan: Plan, source: Recording): Promise<readonly string[]> {
  await using folder = await temporaryFolder("bench-history");
  const stored = await storedDay({ folder: folder.path, plan, source, hasWindows: false });
  const { start, samples, reports, cpu, chunks } = stored;
  const range = { from: start, to: start + plan.lasts };
  const device = nameOf(0);
  const one = await asked(stored, { device, metric: [source.series[0]?.metric], points: 10_000, ...range });
  const all = await asked(stored, { device, points: 10_000, from: range.to - HOUR, to: range.to });
  return [
    name,
    figure(plan.devices),
    figure(plan.lasts / HOUR),
    figure(((await stored.closedMebibytes()) * 1024 ** 2) / samples),
    figure(chunks / samples),
    figure((cpu * 1_000) / reports),
    figure((cpu * 1_000_000) / samples),
    spread(one),
    spread(all),
  ];
}

async function asked({ core }: StoredDay, input: object): Promise<readonly number[]> {
  const caller = { actor: "user:bench", via: "rest", permissions: ["*"], requestId: "bench" } as const;
  const taken: number[] = [];
  for (let time = 0; time < QUERIES; time++) {
    const from = performance.now();
    await core.dispatch("cpl/ta/history", input, caller);
    taken.push(performance.now() - from);
  }
  return taken;
}
