// npm run faults [-- F01 F29 …] [--rounds N] [--short]
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { machine } from "../bench/machine.ts";
import { merged, resultOf, tableOf, told, type Result, type Results } from "./results.ts";
import { runScenario } from "./runner.ts";
import { scenarios } from "./scenarios.ts";

const FILE = join(import.meta.dirname, "../../faults/results.json");

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { rounds: { type: "string" }, short: { type: "boolean" } },
});
const unknown = positionals.filter((id) => !scenarios.some((each) => each.id === id));
if (unknown.length > 0)
  throw new Error(`there is no scenario ${unknown.join(", ")}; there are ${scenarios.map(({ id }) => id).join(" ")}`);

const chosen = scenarios.filter(({ id }) => positionals.length === 0 || positionals.includes(id));
const fresh: Result[] = [];
for (const scenario of chosen) {
  const { id, title, rounds } = scenario;
  const asked = values.short ? rounds.short : rounds.full;
  console.log(`▶ ${id} ${title}`);
  const result = await runScenario(scenario, { rounds: Number(values.rounds ?? asked), isFull: !values.short });
  console.log(`  ${told(result)}`);
  if (result.outcome === "failed") console.log(result.why);
  fresh.push(resultOf(scenario, result));
}

const former = JSON.parse(await readFile(FILE, "utf8").catch(() => '{"scenarios":[]}')) as Results;
const results: Results = {
  machine: await machine(),
  scenarios: merged(
    former.scenarios,
    fresh,
    scenarios.map(({ id }) => id),
  ),
};
// A short run shows whether all is well; figures that stand in the README come from all rounds.
if (!values.short) await writeFile(FILE, `${JSON.stringify(results, undefined, 1)}\n`);
console.log(`\n${tableOf({ ...results, scenarios: fresh })}`);
process.exitCode = fresh.some(({ outcome }) => outcome === "failed") ? 1 : 0;
