import { basename } from "node:path";
import type { Threat } from "./threats.ts";
import { idsIn } from "./titles.ts";

/** A test that was run, as deploy/tally.mjs writes it down. */
export interface Entry {
  readonly outcome: "passed" | "failed" | "skipped";
  readonly title: string;
  /** Absolute. */
  readonly file?: string;
  /** Why it was skipped. */
  readonly reason: string;
  readonly seconds: number;
}

/** How one threat fared. */
export interface Verdict {
  readonly threat: Threat;
  readonly result: "passed" | "failed" | "skipped" | "no test";
  /** Why tests of it were skipped. */
  readonly why: readonly string[];
  readonly files: readonly string[];
  readonly seconds: number;
}

/** One failed test fails its threat; a threat of which any test was skipped is not shown to fail. */
export function verdictOn(threat: Threat, entries: readonly Entry[]): Verdict {
  const own = entries.filter(({ title }) => idsIn(title).includes(threat.id));
  const of = (outcome: Entry["outcome"]) => own.filter((entry) => entry.outcome === outcome);
  const unique = (texts: readonly string[]) => [...new Set(texts)].toSorted();
  const worst = (["failed", "skipped", "passed"] as const).find((outcome) => of(outcome).length > 0);
  return {
    threat,
    result: worst ?? "no test",
    why: unique(of("skipped").map(({ reason }) => reason)),
    files: unique(own.flatMap(({ file }) => (file === undefined ? [] : basename(file).replace(/\.js$/, ".ts")))),
    seconds: own.reduce((total, { seconds }) => total + seconds, 0),
  };
}

/** The verdicts as a table, and their sum. */
export function accountOf(verdicts: readonly Verdict[]): string {
  const count = (result: Verdict["result"]) => verdicts.filter((each) => each.result === result).length;
  const rows = verdicts.map(({ threat, result, why, files, seconds }) => [
    threat.id,
    [result, ...why].join("; "),
    seconds === 0 ? "" : seconds.toFixed(1),
    files.join(" "),
    threat.attack,
  ]);
  return [
    ...aligned([["threat", "result", "seconds", "tests", "attack"], ...rows]),
    "",
    `${count("passed")} of ${verdicts.length} attacks failed as they should; ${count("failed")} did not, ` +
      `${count("skipped")} skipped, ${count("no test")} without a test`,
  ].join("\n");
}

/** What each threat is, for whoever wants to read and not to run. */
export const listOf = (threats: readonly Threat[]): string =>
  threats
    .flatMap(({ id, asset, attackers, attack, control }) => [
      `${id} ${asset}, against ${attackers.join(" and ")}`,
      `    attack   ${attack}`,
      `    control  ${control}`,
    ])
    .join("\n");

function aligned(rows: readonly (readonly string[])[]): readonly string[] {
  const widths = (rows[0] ?? []).map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)));
  return rows.map((row) =>
    row
      .map((cell, column) => cell.padEnd(widths[column] ?? 0))
      .join("  ")
      .trimEnd(),
  );
}
