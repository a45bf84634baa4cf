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

const areas: readonly Area[] = [protobuf, envelopes, ingest, mqtt, rest, live];

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
const chosen = areas.filter(({ name }) => positionals.length === 0 || positionals.includes(name));
const reported: Reported[] = [];
for (const area of chosen) {
  const startedAt = performance.now();
  const { account, grownBytes } = await inTurn(area);
  const seconds = (performance.now() - startedAt) / 1_000;
  reported.push({ area: area.name, account, seconds, grownBytes });
  console.log(`${area.name}: ${account.inputs} inputs in ${seconds.toFixed(1)} s`);
}
console.log(report(reported, seed));
process.exitCode = reported.some(({ account }) => account.findings.length > 0) ? 1 : 0;

async function inTurn(area: Area): Promise<Omit<Reported, "area" | "seconds">> {
  const before = process.memoryUsage().rss;
  const account = emptyAccount();
  if (run.only === undefined) addTo(account, await replayCorpus(area));
  addTo(account, await area.run(run));
  return { account, grownBytes: process.memoryUsage().rss - before };
}
