// node test/dist/security/fuzz/main.js [area …] [--seed N] [--times N] [--case N]
import { availableParallelism } from "node:os";
import { parseArgs } from "node:util";
import { Program } from "../../world/program.ts";
import { areas } from "./areas.ts";
import { report, type Reported } from "./report.ts";

/** So many processes at once: one more than there are processors, since those that talk to a server wait for answers. */
const AT_ONCE = availableParallelism() + 1;

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { seed: { type: "string" }, times: { type: "string" }, case: { type: "string" } },
});
const unknown = positionals.filter((name) => !areas.some((area) => area.name === name));
if (unknown.length > 0) {
  console.error(`there is no area "${unknown.join('", "')}"; there are: ${areas.map(({ name }) => name).join(", ")}`);
  process.exit(2);
}

const seed = Number(values.seed ?? Math.floor(Math.random() * 2 ** 31));
const run = {
  seed,
  times: Number(values.times ?? 1),
  only: values.case === undefined ? undefined : Number(values.case),
};
console.log(`seed ${seed}`);
const chosen = areas.map(({ name }) => name).filter((name) => positionals.length === 0 || positionals.includes(name));
const waiting = [...chosen];
const reported: Reported[] = [];
await Promise.all(Array.from({ length: AT_ONCE }, takeTurns));
const inOrder = reported.toSorted((one, other) => chosen.indexOf(one.area) - chosen.indexOf(other.area));
console.log(report(inOrder, seed));
process.exitCode = reported.some(({ account }) => account.findings.length > 0) ? 1 : 0;

async function takeTurns(): Promise<void> {
  for (let name = waiting.shift(); name !== undefined; name = waiting.shift()) reported.push(await inProcess(name));
}

/** By itself, so that none shares a thread, or its memory, with another. */
async function inProcess(name: string): Promise<Reported> {
  const script = "test/dist/security/fuzz/area-program.js";
  await using program = new Program({ script, args: [name, JSON.stringify(run)] });
  const message = await program.message<{ readonly reported: Reported }>("reported");
  await program.ended();
  const { account, seconds } = message.reported;
  console.log(`${name}: ${account.inputs} inputs in ${seconds.toFixed(1)} s`);
  return message.reported;
}
