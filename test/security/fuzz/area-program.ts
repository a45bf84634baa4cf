// One area in a process of its own: `main.ts` starts several at a time, and is sent what became of each.
import { areas } from "./areas.ts";
import { replayCorpus } from "./corpus.ts";
import type { Run } from "./area.ts";
import type { Reported } from "./report.ts";
import { addTo, emptyAccount } from "./tally.ts";

const [name = "", given = "{}"] = process.argv.slice(2);
const run = JSON.parse(given) as Run;
const area = areas.find((each) => each.name === name);
if (area === undefined) throw new Error(`there is no area "${name}"`);
// Nobody waits for it any more.
process.once("disconnect", () => process.exit(1));

const [startedAt, before] = [performance.now(), process.memoryUsage().rss];
const account = emptyAccount();
if (run.only === undefined) addTo(account, await replayCorpus(area));
addTo(account, await area.run(run));
const seconds = (performance.now() - startedAt) / 1_000;
const reported: Reported = { area: name, account, seconds, grownBytes: process.memoryUsage().rss - before };
process.send?.({ type: "reported", reported }, () => process.disconnect());
