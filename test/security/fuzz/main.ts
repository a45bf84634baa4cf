// node test/dist/security/fuzz/main.js [area …] [--seed N] [--times N] [--case N]
import { parseArgs } from "node:util";
import type { Area } from "./area.ts";
import { replayCorpus } from "./corpus.ts";
import { envelopes } from "./envelopes.ts";
import { ingest } from "./ingest.ts";
import { live } from "./live.ts";
import { mqtt } from "./mqtt.ts";
import { protobuf } from "./protobuf.ts";
import { rest } from "./rest.ts";
import { report, type Reported } from "./report.ts";
import { addTo, emptyAccount } from "./tally.ts";
import { walks } from "./walks.ts";

/** One after another, but for those in one row: decoding has threads of its own, and the other waits for answers. */
const rows: readonly (readonly Area[])[] = [[protobuf, rest], [envelopes], [ingest], [walks], [mqtt], [live]];
const areas = rows.flat();

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
const isChosen = ({ name }: Area) => positionals.length === 0 || positionals.includes(name);
const reported: Reported[] = [];
for (const row of rows) reported.push(...(await Promise.all(row.filter(isChosen).map(inTurn))));
console.log(report(reported, seed));
process.exitCode = reported.some(({ account }) => account.findings.length > 0) ? 1 : 0;

async function inTurn(area: Area): Promise<Reported> {
  const [startedAt, before] = [performance.now(), process.memoryUsage().rss];
  const account = emptyAccount();
  if (run.only === undefined) addTo(account, await replayCorpus(area));
  addTo(account, await area.run(run));
  const seconds = (performance.now() - startedAt) / 1_000;
  console.log(`${area.name}: ${account.inputs} inputs in ${seconds.toFixed(1)} s`);
  return { area: area.name, account, seconds, grownBytes: process.memoryUsage().rss - before };
}
