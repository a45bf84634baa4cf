import { agent } from "./agent.ts";
import { codec } from "./codec.ts";
import { columns } from "./columns.ts";
import { history } from "./history.ts";
import { ingest } from "./ingest.ts";
import { machine } from "./machine.ts";
import { pages } from "./pages.ts";
import { query } from "./query.ts";
import { store } from "./store.ts";
import { tableText, type Table } from "./table.ts";

/** Prints figures, each beside a peer of the same run. They tell, they do not judge: nothing here fails for being slow. */
const benches: Readonly<Record<string, () => Promise<readonly Table[]>>> = {
  codec,
  columns,
  store,
  history,
  pages,
  query,
  ingest,
  agent,
};

const names = process.argv.slice(2);
const unknown = names.filter((name) => !Object.hasOwn(benches, name));
if (unknown.length > 0) {
  console.error(`there is no bench "${unknown.join('", "')}"; there are: ${Object.keys(benches).join(", ")}`);
  process.exit(2);
}

console.log((await machine()).join("\n"));
for (const [name, run] of Object.entries(benches)) {
  if (names.length > 0 && !names.includes(name)) continue;
  for (const table of await run()) console.log(`\n${tableText(table)}`);
}
