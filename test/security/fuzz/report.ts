import type { Account } from "./tally.ts";

export interface Reported {
  readonly area: string;
  readonly account: Account;
  readonly seconds: number;
  /** What the memory of this process grew by meanwhile. */
  readonly grownBytes: number;
}

const MIB = 1024 * 1024;
const INPUT_SHOWN = 4_000;

/** A table, what was refused and why, and each finding with how to see it again. */
export function report(reported: readonly Reported[], seed: number): string {
  const rows = reported.map(({ area, account, seconds, grownBytes }) => [
    area,
    String(account.inputs),
    String(account.accepted),
    String(sumOf(account.refused)),
    String(account.findings.length),
    account.worst.toFixed(1),
    (grownBytes / MIB).toFixed(0),
    seconds.toFixed(1),
  ]);
  const all = reported.reduce((sum, { account }) => sum + account.inputs, 0);
  return [
    "",
    tableOf([["area", "inputs", "accepted", "refused", "findings", "worst ms", "grown MiB", "seconds"], ...rows]),
    "",
    ...reported.flatMap(({ area, account }) => [
      `${area} refused: ${listOf(account.refused)}`,
      ...account.notes.map((note) => `${area}: ${note}`),
    ]),
    "",
    `${all} inputs from seed ${seed}. Not here: what the portal shows (test/browser), and archives, which nothing reads yet.`,
    ...reported.flatMap(({ area, account }) => account.findings.map((each) => told(area, each, seed))),
  ].join("\n");
}

const sumOf = (counts: Readonly<Record<string, number>>): number =>
  Object.values(counts).reduce((sum, times) => sum + times, 0);

const listOf = (counts: Readonly<Record<string, number>>): string =>
  Object.entries(counts)
    .toSorted(([, one], [, other]) => other - one)
    .map(([reason, times]) => `${reason} ${times}`)
    .join(", ") || "nothing";

function tableOf(rows: readonly (readonly string[])[]): string {
  const widths = (rows[0] ?? []).map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)));
  return rows
    .map((row) =>
      row.map((cell, i) => (i === 0 ? cell.padEnd(widths[i] ?? 0) : cell.padStart(widths[i] ?? 0))).join("  "),
    )
    .join("\n");
}

function told(area: string, { what, input }: { readonly what: string; readonly input: unknown }, seed: number): string {
  const kept = JSON.stringify({ about: what, input });
  const shown = kept.length > INPUT_SHOWN ? `${kept.slice(0, INPUT_SHOWN)}… (${kept.length} characters)` : kept;
  return `\nFINDING in ${area}: ${what}\n  again: node test/dist/security/fuzz/main.js ${area} --seed ${seed}\n  keep as test/corpus/${area}/NAME.json: ${shown}`;
}
