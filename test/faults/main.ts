// npm run faults [-- F01 F29 …] [--rounds N] [--seed N] [--short]
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { machine } from "../bench/machine.ts";
import { merged, resultOf, tableOf, told, type Result, type Results } from "./results.ts";
import { runScenario } from "./runner.ts";
import { scenarios } from "./scenarios.ts";
import { sourcesBut } from "./tools/sources.ts";

const FILE = join(import.meta.dirname, "../../faults/results.json");

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { rounds: { type: "string" }, seed: { type: "string" }, short: { type: "boolean" } },
});
const [rounds, seed] = [numberFrom("rounds"), numberFrom("seed")];
const unknown = positionals.filter((id) => !scenarios.some((each) => each.id === id));
if (unknown.length > 0)
  throw new Error(`there is no scenario ${unknown.join(", ")}; there are ${scenarios.map(({ id }) => id).join(" ")}`);

const chosen = scenarios.filter(({ id }) => positionals.length === 0 || positionals.includes(id));
const order = scenarios.map(({ id }) => id);
const commit = await sourcesBut("test/faults/results.json").catch(() => "unknown");
const about = await machine();
const fresh: Result[] = [];
for (const scenario of chosen) {
  const { id, title } = scenario;
  const asked = values.short ? scenario.rounds.short : scenario.rounds.full;
  console.log(`▶ ${id} ${title}`);
  const outcome = await runScenario(scenario, { rounds: rounds ?? asked, isFull: !values.short, seed });
  console.log(`  ${told(outcome)}`);
  if (outcome.outcome === "failed") console.log(outcome.why);
  const result = resultOf(scenario, commit, outcome);
  fresh.push(result);
  // A short run shows whether all is well; figures that stand in the README come from all rounds.
  if (!values.short) await keep(result);
}
console.log(`\n${tableOf({ machine: about, scenarios: fresh })}`);
process.exitCode = fresh.some(({ outcome }) => outcome === "failed") ? 1 : 0;

function numberFrom(option: "rounds" | "seed"): number | undefined {
  const text = values[option];
  if (text !== undefined && !/^[1-9]\d{0,8}$/.test(text))
    throw new Error(`--${option} takes a whole number from 1 on, not "${text}"`);
  return text === undefined ? undefined : Number(text);
}

/** At once: a run of hours that is ended early has not been for nothing. */
async function keep(result: Result): Promise<void> {
  const former = JSON.parse(await readFile(FILE, "utf8").catch(() => '{"scenarios":[]}')) as Results;
  const results: Results = { machine: about, scenarios: merged(former.scenarios, [result], order) };
  await writeFile(FILE, `${JSON.stringify(results, undefined, 1)}\n`);
}
