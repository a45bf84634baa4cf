import { HostError, type Host, type Program, type ProgramResult } from "../../host/host.ts";
import type { DatabasePlan } from "./plan.ts";

/** How a program is run, without what it is. */
export type Run = Pick<Program, "maxOutputBytes" | "onOutput" | "user" | "signal"> & { readonly mark: string };

type Database = DatabasePlan["database"];

const programs = {
  postgresql: { name: "pg_dump", debian: "postgresql-client" },
  sqlite: { name: "sqlite3", debian: "sqlite3" },
} as const;

// A copy is made first: what is told of it is one moment of the database. The words are ours, and what varies is a word of its own.
const SQLITE = 'sqlite3 -batch -readonly "$1" ".timeout 10000" ".backup snapshot" && exec cat snapshot';

export const programOf = ({ engine }: Database): string => programs[engine].name;

/** The version of an engine's program; throws HostError that names the package that has it. */
export async function versionOf({ engine }: Database, host: Host, run: Run): Promise<string> {
  const { name, debian } = programs[engine];
  const said: Buffer[] = [];
  const onOutput: Program["onOutput"] = (channel, bytes) =>
    void (channel === "stdout" && said.push(Buffer.from(bytes)));
  const asking = { ...run, argv: [name, "--version"], maxOutputBytes: 4_096, onOutput } as const;
  await host.run(asking).catch((cause: unknown) => {
    if (!(cause instanceof HostError) || cause.reason !== "not-found") throw cause;
    throw new HostError("not-found", `${cause.message}. On Debian: apt-get install ${debian}`, { cause });
  });
  return /\d+(?:\.\d+)+/.exec(Buffer.concat(said).toString())?.[0] ?? "";
}

/** Has the engine's own program write a consistent snapshot to its output. */
export function snapshotTo(run: Run, database: Database, host: Host): Promise<ProgramResult> {
  if (database.engine === "sqlite")
    return host.runScript({
      ...run,
      interpreter: ["/bin/sh"],
      content: Buffer.from(SQLITE),
      arguments: [database.file],
      // Whose settings lie in a home says nothing here.
      env: { HOME: "/" },
    });
  const { name, host: at, port, role, passwordFile } = database;
  return host.run({
    ...run,
    argv: [
      "pg_dump",
      "--format=custom",
      "--no-password",
      ...(at === undefined ? [] : [`--host=${at}`]),
      ...(port === undefined ? [] : [`--port=${port}`]),
      ...(role === undefined ? [] : [`--username=${role}`]),
      `--dbname=${name}`,
    ],
    env: { PGCONNECT_TIMEOUT: "10", ...(passwordFile !== undefined && { PGPASSFILE: passwordFile }) },
  });
}
