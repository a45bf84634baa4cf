import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { diskUse } from "../../faults/peaks.ts";
import { freePort } from "../../world/free-ports.ts";
import { isInstalled, quiet, startForeign, type Foreign } from "./foreign.ts";

/** A time-series database of others that takes InfluxDB's line protocol. */
export interface Database extends Foreign {
  readonly name: string;
  /** Where lines are posted to. */
  readonly writeUrl: string;
  /** What a question is asked with; gives the whole answer. */
  readonly ask: (path: string, question: Readonly<Record<string, string>>) => Promise<string>;
  /** MiB on the disk when it has put together what it has. */
  readonly settledMebibytes: () => Promise<number>;
}

const MINUTES = 60_000;

/** Those that are installed. */
export async function startDatabases(folder: string): Promise<readonly Database[]> {
  const found: Database[] = [];
  if (isInstalled("victoria-metrics")) found.push(await startVictoria(join(folder, "victoria")));
  if (isInstalled("influxd")) found.push(await startInflux(join(folder, "influx")));
  return found;
}

/** Posts lines; throws what the database says when it does not take them. */
export async function post(url: string, lines: string): Promise<void> {
  const answer = await fetch(url, { method: "POST", body: lines });
  const text = await answer.text();
  if (!answer.ok) throw new Error(`${url} answered ${answer.status}: ${text.slice(0, 500)}`);
}

async function startVictoria(folder: string): Promise<Database> {
  const at = `127.0.0.1:${await freePort()}`;
  const base = `http://${at}`;
  const args = [
    `-storageDataPath=${folder}`,
    `-httpListenAddr=${at}`,
    "-retentionPeriod=100y",
    "-loggerLevel=ERROR",
    // As ours, it has to work for each answer.
    "-search.disableCache",
    "-search.latencyOffset=0s",
  ];
  const program = await startForeign("victoria-metrics", args, () => answers(`${base}/health`));
  return {
    ...program,
    name: "VictoriaMetrics",
    writeUrl: `${base}/write?precision=ms`,
    ask: (path, question) => asked(`${base}${path}`, question),
    settledMebibytes: async () => {
      for (const step of ["force_flush", "force_merge"]) await asked(`${base}/internal/${step}`, {});
      await quiet([program.pid], 5 * MINUTES);
      return (await diskUse(join(folder, "data"))) + (await diskUse(join(folder, "indexdb")));
    },
  };
}

async function startInflux(folder: string): Promise<Database> {
  const base = `http://127.0.0.1:${await freePort()}`;
  const config = join(folder, "influxdb.conf");
  await mkdir(folder, { recursive: true });
  // Debian's settings, but for where things lie, and that it puts together what it has within seconds and not hours.
  await writeFile(
    config,
    `reporting-enabled = false
bind-address = "127.0.0.1:${await freePort()}"
[meta]
dir = "${folder}/meta"
[data]
dir = "${folder}/data"
wal-dir = "${folder}/wal"
query-log-enabled = false
cache-snapshot-write-cold-duration = "5s"
compact-full-write-cold-duration = "5s"
[monitor]
store-enabled = false
[http]
bind-address = "${base.slice("http://".length)}"
log-enabled = false
[logging]
level = "error"
`,
  );
  const program = await startForeign("influxd", ["-config", config], () => answers(`${base}/ping`));
  await fetch(`${base}/query`, { method: "POST", body: new URLSearchParams({ q: "CREATE DATABASE bench" }) });
  return {
    ...program,
    name: "InfluxDB",
    writeUrl: `${base}/write?db=bench&precision=ms`,
    ask: (path, question) => asked(`${base}${path}`, { db: "bench", epoch: "ms", ...question }),
    settledMebibytes: async () => {
      // It looks after its files once in a while: quiet for a moment is not yet done.
      for (let before = -1, now = 0; now !== before;) {
        before = now;
        await new Promise((resolve) => setTimeout(resolve, 15_000));
        await quiet([program.pid], 5 * MINUTES);
        now = (await diskUse(join(folder, "data"))) + (await diskUse(join(folder, "wal")));
      }
      return (await diskUse(join(folder, "data"))) + (await diskUse(join(folder, "wal")));
    },
  };
}

const answers = async (url: string): Promise<boolean> => (await fetch(url)).ok;

async function asked(url: string, question: Readonly<Record<string, string>>): Promise<string> {
  const answer = await fetch(`${url}?${new URLSearchParams(question).toString()}`);
  const text = await answer.text();
  if (!answer.ok || text.includes('"error"'))
    throw new Error(`${url} answered ${answer.status}: ${text.slice(0, 500)}`);
  return text;
}
