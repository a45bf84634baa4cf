import { readFileSync } from "node:fs";
import { join } from "node:path";
import { runSeed } from "./run-seed.ts";

/** Every seed that ever failed: they are run first, for ever. */
const kept = join(import.meta.dirname, "../../seeds.json");

/** The seeds to run: the one of EDGEMERE_SEED, or the kept ones and `count` more from `from` on. */
export function seedsToRun({ from, count }: { readonly from: number; readonly count: number }): readonly number[] {
  const asked = process.env["EDGEMERE_SEED"];
  if (asked !== undefined) return [Number(asked)];
  const before = JSON.parse(readFileSync(kept, "utf8")) as readonly number[];
  return [...before, ...Array.from({ length: count }, (_, i) => from + i)];
}

/** Runs seeds one after another; throws at the first that fails. */
export async function runSeeds(
  seeds: readonly number[],
): Promise<{ readonly records: number; readonly commands: number }> {
  let [records, commands] = [0, 0];
  for (const seed of seeds) {
    const run = await runSeed(seed);
    records += run.records;
    commands += Object.values(run.commands).reduce((sum, count) => sum + count, 0);
  }
  return { records, commands };
}
