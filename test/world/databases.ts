import { spawnSync, spawn } from "node:child_process";
import { once } from "node:events";
import { chmod, chown, mkdtemp, rm, writeFile } from "node:fs/promises";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { freePorts } from "./free-ports.ts";

const has = (program: string): boolean => spawnSync(program, ["--version"]).status === 0;

// Debian has it beside the versions of the server, out of everybody's way.
const POSTGRESQL = "/usr/lib/postgresql";
const versions = existsSync(POSTGRESQL) ? readdirSync(POSTGRESQL).toSorted((a, b) => Number(b) - Number(a)) : [];
const binaries = versions
  .map((version) => join(POSTGRESQL, version, "bin"))
  .find((folder) => existsSync(join(folder, "initdb")));

/** Why a test of an engine is left out; false when it is not. */
export const noSqlite = !has("sqlite3") && "sqlite3 is missing: apt-get install sqlite3";
export const noPostgresql =
  (binaries === undefined || !has("pg_dump")) && "PostgreSQL is missing: apt-get install postgresql";

/** Whom programs run as that want nothing of root. */
const NOBODY = "nobody";
const passwd = readFileSync("/etc/passwd", "utf8")
  .split("\n")
  .find((line) => line.startsWith(`${NOBODY}:`));
const [, , uid = 0, gid = 0] = (passwd ?? "").split(":").map(Number);
const unprivileged: { readonly uid?: number; readonly gid?: number } = process.getuid?.() === 0 ? { uid, gid } : {};

/** Has a program of a source run as nobody, where the tests are root's. */
export const asNobody = (source: string): readonly string[] =>
  unprivileged.uid === undefined ? [] : ["--source-user", `${source}=${NOBODY}`];

export interface Postgresql extends AsyncDisposable {
  readonly port: number;
  /** With the password of its role "keeper". */
  readonly passwordFile: string;
  sql(database: string, text: string): string;
}

/** A server of its own, which wants a password. */
export async function startPostgresql(password: string): Promise<Postgresql> {
  const folder = await mkdtemp(join(tmpdir(), "edgemere-postgresql-"));
  const [data, first, passwordFile] = ["data", "first", "pgpass"].map((name) => join(folder, name)) as [
    string,
    string,
    string,
  ];
  const { mqtt: port } = await freePorts();
  await writeFile(first, password);
  await writeFile(passwordFile, `127.0.0.1:${port}:*:keeper:${password}\n`, { mode: 0o600 });
  await chmod(folder, 0o755);
  if (unprivileged.uid !== undefined) for (const path of [folder, first, passwordFile]) await chown(path, uid, gid);
  const run = (program: string, args: readonly string[], env = {}) => {
    const ended = spawnSync(join(binaries ?? "", program), args, {
      ...unprivileged,
      cwd: folder,
      encoding: "utf8",
      env: { ...process.env, ...env },
    });
    if (ended.status !== 0) throw new Error(`${program}: ${ended.stderr}`);
    return ended.stdout;
  };
  run("initdb", ["-D", data, "-U", "keeper", "-A", "scram-sha-256", `--pwfile=${first}`, "--no-sync"]);
  const args = ["-D", data, "-p", String(port), "-h", "127.0.0.1", "-k", folder, "-F"];
  const server = spawn(join(binaries ?? "", "postgres"), args, {
    ...unprivileged,
    cwd: folder,
    stdio: ["ignore", "ignore", "pipe"],
  });
  const ended = once(server, "close");
  await new Promise<void>((resolve, reject) => {
    let output = "";
    server.stderr.setEncoding("utf8").on("data", (written: string) => {
      output += written;
      if (output.includes("ready to accept connections")) resolve();
    });
    void ended.then(() => reject(new Error(`postgres ended:\n${output}`)));
  });
  return {
    port,
    passwordFile,
    sql: (database, text) =>
      run(
        "psql",
        ["-h", "127.0.0.1", "-p", String(port), "-U", "keeper", "-d", database, "-v", "ON_ERROR_STOP=1", "-Atc", text],
        {
          PGPASSFILE: passwordFile,
        },
      ),
    [Symbol.asyncDispose]: async () => {
      server.kill("SIGINT");
      await ended;
      await rm(folder, { recursive: true, force: true });
    },
  };
}
