import { join } from "node:path";
import { levelDatabase, type Database } from "@edgemere/control-plane";
import { createClient } from "@edgemere/control-plane/client";
import { commandLine } from "../world/command-line.ts";
import { ControlPlaneProgram } from "../world/control-plane-program.ts";
import { temporaryFolder } from "../world/temporary-folder.ts";
import { owner } from "../world/world.ts";
import { bareStore, deviceRow } from "./device-rows.ts";
import { figure, quantile } from "./statistics.ts";
import type { Table } from "./table.ts";

const DEVICES = 10_000;
const PAGE = 50;
const TIMES = 60;
const COMMAND_TIMES = 7;
const AT_ONCE = 500;

/** What a person waits for who looks at a large fleet. */
export async function pages(): Promise<readonly Table[]> {
  await using folder = await temporaryFolder("bench-pages");
  const dataFolder = join(folder.path, "control-plane");
  await seed(join(dataFolder, "store"));
  const scans = await bareScans(join(dataFolder, "store"));

  await using controlPlane = new ControlPlaneProgram(dataFolder);
  const { ports, setupCode = "" } = await controlPlane.start();
  const baseUrl = `http://127.0.0.1:${ports.portal}`;
  const { token = "" } = await createClient({ baseUrl }).call("ia/setup", { code: setupCode, ...owner });
  const client = createClient({ baseUrl, token });
  const list = (input: { readonly selector?: string; readonly cursor?: string }) => () =>
    client.call("cpl/dm/device/list", { limit: PAGE, ...input });
  const { next = "" } = await list({})();
  const shell = commandLine(folder.path);
  const environment = { EDGEMERE_SERVER: baseUrl, EDGEMERE_TOKEN: token };

  const rows = [
    ...scans,
    await row("REST: an action that reads one row", TIMES, () =>
      client.call("cpl/dm/device/find", { device: "gateway-00001" }),
    ),
    await row("REST: first page, with the total", TIMES, list({})),
    await row("REST: second page", TIMES, list({ cursor: next })),
    await row("REST: labels, site=rare (1 in 100)", TIMES, list({ selector: "site=rare" })),
    await row(
      "REST: expression, presence and inventory",
      TIMES,
      list({ selector: 'presence == "online" && inventory["cpu.cores"] == 4' }),
    ),
    await row("command line: first page", COMMAND_TIMES, async () => {
      const ran = await shell.run(["cpl", "dm", "device", "list", "--limit", String(PAGE)], "", environment);
      if (ran.code !== 0) throw new Error(`the command line failed: ${ran.stderr}`);
    }),
    await row("/metrics: the control plane", TIMES, scrape(baseUrl, token)),
  ];
  await controlPlane.stop();
  await controlPlane.start({ flags: ["--metrics-fleet", "cpu.busy_percent", "--metrics-label", "site"] });
  rows.push(await row("/metrics: with name, label and presence of all devices", COMMAND_TIMES, scrape(baseUrl, token)));
  return [
    {
      title: `pages: ${PAGE} of ${figure(DEVICES)} devices`,
      columns: ["", "times", "p50 ms", "p99 ms"],
      rows,
      notes: [
        "One after another against an idle control plane. The bare scans read and parse the same rows in this process. Of so few times the p99 is the slowest.",
      ],
    },
  ];
}

const scrape = (baseUrl: string, token: string) => async () => {
  const answer = await fetch(`${baseUrl}/metrics`, { headers: { authorization: `Bearer ${token}` } });
  const text = await answer.text();
  if (!answer.ok) throw new Error(`/metrics failed: ${text}`);
};

async function seed(folder: string): Promise<void> {
  await using store = await bareStore(await levelDatabase(folder));
  for (let from = 0; from < DEVICES; from += AT_ONCE)
    await Promise.all(Array.from({ length: AT_ONCE }, (_, i) => store.commit(deviceRow(from + i))));
}

/** What reading the rows costs without us. */
async function bareScans(folder: string): Promise<readonly (readonly string[])[]> {
  const database = await levelDatabase(folder);
  try {
    return [
      await row(`bare LevelDB: ${PAGE} rows`, TIMES, () => scan(database, PAGE)),
      await row(`bare LevelDB: all ${figure(DEVICES)} rows`, TIMES, () => scan(database, DEVICES)),
    ];
  } finally {
    await database.close();
  }
}

async function scan(database: Database, limit: number): Promise<void> {
  let read = 0;
  const first = "srow\u0000sdevice\u0000";
  for await (const [, bytes] of database.entries({ gte: first, lt: `${first}\uffff`, limit })) {
    JSON.parse(Buffer.from(bytes).toString());
    read++;
  }
  if (read !== limit) throw new Error(`there are ${read} rows where ${limit} were written`);
}

async function row(name: string, times: number, ask: () => Promise<unknown>): Promise<readonly string[]> {
  const taken: number[] = [];
  // The first time is for caches and compilers.
  for (let time = 0; time <= times; time++) {
    const began = performance.now();
    await ask();
    if (time > 0) taken.push(performance.now() - began);
  }
  return [name, String(times), figure(quantile(taken, 0.5)), figure(quantile(taken, 0.99))];
}
