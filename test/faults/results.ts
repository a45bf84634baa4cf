import { quantile } from "../bench/statistics.ts";
import type { Account, Figures } from "./recorder.ts";
import type { Outcome } from "./runner.ts";
import type { Scenario } from "./scenario.ts";

/** One scenario of a run, as it is written down. */
export interface Result extends Pick<Scenario, "id" | "title" | "layer"> {
  readonly outcome: Outcome["outcome"];
  /** Of which state of the sources, as `git describe` names it. */
  readonly commit: string;
  /** Why it was skipped or failed. */
  readonly why?: string;
  readonly seconds?: number;
  readonly figures?: Figures;
}

/** What `npm run faults` leaves behind. */
export interface Results {
  /** The machine that they are true of, in lines. */
  readonly machine: readonly string[];
  readonly scenarios: readonly Result[];
}

export const resultOf = ({ id, title, layer }: Scenario, commit: string, result: Outcome): Result => ({
  id,
  title,
  layer,
  commit,
  ...result,
});

/** Results of scenarios that were run again take the place of the former ones. */
export function merged(
  former: readonly Result[],
  fresh: readonly Result[],
  order: readonly string[],
): readonly Result[] {
  const all = new Map([...former, ...fresh].map((each) => [each.id, each]));
  return order.flatMap((id) => all.get(id) ?? []);
}

const COLUMNS = [
  "Fault",
  "Rounds",
  "Produced",
  "Acked",
  "Lost",
  "Twice",
  "Explained",
  "Commands",
  "Effects",
  "Recovery s: p50",
  "p95",
  "max",
  "Memory MiB",
  "Disk MiB",
  "Bare aedes + LevelDB",
];

/** The reliability table, and the sum above it. */
export function tableOf({ machine, scenarios }: Results): string {
  const count = (outcome: Outcome["outcome"]) => scenarios.filter((each) => each.outcome === outcome).length;
  const records = scenarios.flatMap(({ figures }) => figures?.records ?? []);
  const sum = (of: (account: Account) => number) => records.reduce((total, each) => total + of(each), 0);
  const rounds = scenarios.reduce((total, { figures }) => total + (figures?.rounds ?? 0), 0);
  const line = (cells: readonly string[]) => `| ${cells.join(" | ")} |`;
  const skipped = scenarios.filter(({ outcome }) => outcome === "skipped");
  return [
    `${count("passed")} scenarios passed, ${count("failed")} failed, ${count("skipped")} skipped; ${whole(rounds)} rounds, ` +
      `${whole(sum(({ produced }) => produced))} records: ${sum(({ lost }) => lost)} lost, ` +
      `${sum(({ storedTwice }) => storedTwice)} stored twice, ${sum(({ unexplained }) => unexplained)} unexplained.`,
    "",
    line(COLUMNS),
    line(COLUMNS.map((_, i) => (i === 0 ? "---" : "--:"))),
    ...scenarios.filter(({ outcome }) => outcome !== "skipped").map((each) => line(rowOf(each))),
    "",
    ...machine,
    ...[...new Set(scenarios.map(({ commit }) => commit))].map((commit) => commitLine(commit, scenarios)),
    ...(skipped.length > 0
      ? ["", "Skipped:", ...skipped.map(({ id, title, why }) => `- ${id} ${title}: ${why ?? ""}`)]
      : []),
  ].join("\n");
}

const commitLine = (commit: string, scenarios: readonly Result[]) =>
  `Commit ${commit}: ${scenarios.flatMap((each) => (each.commit === commit ? each.id : [])).join(" ")}`;

function rowOf({ id, title, outcome, figures }: Result): readonly string[] {
  const { rounds = 0, records, commands, recovery = [], memory = {}, disk = {}, baseline = "" } = figures ?? {};
  const cell = (value: number | undefined) => (value === undefined ? "" : whole(value));
  const time = (share: number) => (recovery.length === 0 ? "" : (quantile(recovery, share) / 1_000).toFixed(1));
  const name = outcome === "failed" ? `**${id} ${title}: FAILED**` : `${id} ${title}`;
  return [
    name,
    cell(rounds),
    cell(records?.produced),
    cell(records?.acked),
    cell(records?.lost),
    cell(records?.storedTwice),
    cell(records?.explained),
    commands === undefined ? "" : `${commands.ended}/${commands.given}`,
    commands === undefined ? "" : `≤ ${commands.mostEffects}`,
    time(0.5),
    time(0.95),
    time(1),
    peaks(memory),
    peaks(disk),
    baseline,
  ];
}

const whole = (value: number) => value.toLocaleString("en");
const peaks = (of: Readonly<Record<string, number>>) =>
  Object.entries(of)
    .map(([name, value]) => `${name} ${Math.ceil(value)}`)
    .join(", ");

/** An outcome on one line. */
export function told(result: Outcome): string {
  if (result.outcome === "skipped") return `skipped: ${result.why}`;
  const { rounds, records, commands, recovery, sentTwice, memory, disk, baseline, notes } = result.figures;
  const time = (share: number) => (quantile(recovery, share) / 1_000).toFixed(1);
  return [
    `${result.outcome} in ${result.seconds} s`,
    `${rounds} rounds`,
    ...(records
      ? [
          `${records.produced} records, ${records.acked} acked, ${records.lost} lost, ${records.storedTwice} twice, ` +
            `${records.explained} explained, ${records.unexplained} unexplained`,
        ]
      : []),
    ...(commands
      ? [
          `${commands.ended}/${commands.given} commands ended (${ends(commands.ends)}), effects ≤ ${commands.mostEffects}`,
        ]
      : []),
    ...(recovery.length > 0 ? [`recovery ${time(0.5)} / ${time(0.95)} / ${time(1)} s`] : []),
    ...(sentTwice === undefined ? [] : [`${sentTwice} sent twice`]),
    ...[memory, disk].map(peaks).filter((text) => text !== ""),
    ...(baseline === undefined ? [] : [`baseline: ${baseline}`]),
    ...notes,
  ].join("; ");
}

const ends = (of: Readonly<Record<string, number>>) =>
  Object.entries(of)
    .map(([state, count]) => `${count} ${state}`)
    .join(", ");
