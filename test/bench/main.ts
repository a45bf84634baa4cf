import { parseArgs } from "node:util";
import { agent } from "./agent.ts";
import { chain } from "./chain.ts";
import { codec } from "./codec.ts";
import { columns } from "./columns.ts";
import { commands } from "./commands/bench.ts";
import { data } from "./data.ts";
import { history } from "./history.ts";
import { index } from "./index.ts";
import { ingest } from "./ingest.ts";
import { machine } from "./machine.ts";
import { pages } from "./pages.ts";
import { policies } from "./policies.ts";
import { query } from "./query.ts";
import { restart } from "./restart.ts";
import { store } from "./store.ts";
import { tableText, type Table } from "./table.ts";
import { telemetry } from "./telemetry/bench.ts";

const { values, positionals: names } = parseArgs({
  allowPositionals: true,
  options: {
    short: { type: "boolean", default: false },
    devices: { type: "string" },
    bytes: { type: "string" },
    part: { type: "string" },
  },
});
const numberOf = (name: "devices" | "bytes"): number | undefined => {
  const text = values[name];
  if (text === undefined || Number(text) > 0) return text === undefined ? undefined : Number(text);
  throw new Error(`--${name} ${text} is no number of ${name}`);
};
const options = {
  isShort: values.short,
  part: values.part,
  devices: numberOf("devices"),
  bytes: numberOf("bytes"),
};

/** Prints figures, each beside a peer of the same run. They tell, they do not judge: nothing here fails for being slow. */
const benches: Readonly<Record<string, (asked: typeof options) => Promise<readonly Table[]>>> = {
  codec,
  columns,
  store,
  history,
  pages,
  query,
  chain,
  policies,
  ingest,
  agent,
  commands,
  data,
  index,
  restart,
  telemetry,
};

const unknown = names.filter((name) => !Object.hasOwn(benches, name));
if (unknown.length > 0) {
  console.error(`there is no bench "${unknown.join('", "')}"; there are: ${Object.keys(benches).join(", ")}`);
  process.exit(2);
}

console.log((await machine()).join("\n"));
for (const [name, run] of Object.entries(benches)) {
  if (names.length > 0 && !names.includes(name)) continue;
  for (const table of await run(options)) console.log(`\n${tableText(table)}`);
}
