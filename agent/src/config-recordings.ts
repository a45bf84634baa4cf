import { basename, isAbsolute, resolve } from "node:path";
import { limits } from "@edgemere/protocol";
import {
  ConfigError,
  duration,
  option,
  pair,
  repeatable,
  size,
  wholeNumber,
  type Options,
  type Reader,
  type Values,
} from "@edgemere/protocol/config";
import { DAY, SECOND } from "@edgemere/protocol/kit";
import { argvOf } from "./config-sources.ts";
import { reading } from "./config-telemetry.ts";
import type { DatabasePlan, RecordingPlan, StreamPlan } from "./data/recording/plan.ts";

/** What fills directories of sources. */
export const recordingOptions = {
  "source-stream": repeatable("SOURCE=PROGRAM", "Program whose lines are recorded there, in closed segments", pair),
  "source-segment": repeatable(
    "SOURCE=TIME/SIZE",
    "When a segment of a stream is closed, such as 1h/64MiB [10m/16MiB]",
    pair,
  ),
  "source-rate": option(
    "SIZE",
    "Bytes a second that a stream may say before its program is held up",
    "1MiB",
    size(1_024, 1024 ** 3),
  ),
  "source-database": repeatable(
    "SOURCE=DATABASE",
    "Database of which snapshots are put there: postgresql://[ROLE@][HOST[:PORT]]/NAME or sqlite:/PATH",
    pair,
  ),
  "source-snapshot": repeatable(
    "SOURCE=TIME",
    "How often, such as 6h, or at what time of day, such as 03:15 [1d]",
    pair,
  ),
  "source-snapshot-limit": option(
    "TIME/SIZE",
    "What a snapshot may take",
    "1h/16GiB",
    bounds(duration(SECOND, DAY), size(1_024, 1024 ** 5)),
  ),
  "source-password-file": repeatable(
    "SOURCE=FILE",
    "File with the password of a PostgreSQL role, as PGPASSFILE: only its reader may read it",
    pair,
  ),
  "source-keep": repeatable(
    "SOURCE=SIZE|NUMBER",
    "Room for the segments of a stream [1GiB], or how many snapshots are kept [7]; the oldest go",
    pair,
  ),
  "source-user": repeatable("SOURCE=USER", "User who runs the program of a source [the agent's own; root: none]", pair),
} satisfies Options;

type RecordingValues = Values<typeof recordingOptions>;
type Pair = readonly [source: string, text: string];

const segmentBounds = bounds(duration(SECOND, DAY), size(1_024, 64 * 1024 ** 2));
const keptSize = size(1_024, 1024 ** 5);
const keptNumber = wholeNumber(1, 1_000);
const interval = duration(SECOND, 366 * DAY);

const ofStreams = ["source-segment"] as const;
const ofDatabases = ["source-snapshot", "source-password-file"] as const;
const ofBoth = ["source-keep", "source-user"] as const;

function bounds(
  time: Reader<number>,
  bytes: Reader<number>,
): Reader<{ readonly time: number; readonly bytes: number }> {
  return (text) => {
    const [first, second, ...rest] = text.split("/");
    if (first === undefined || second === undefined || rest.length > 0)
      throw new ConfigError(`"${text}" is not a time and a size such as 10m/16MiB`);
    return { time: time(first), bytes: bytes(second) };
  };
}

/** What fills which source; throws ConfigError. */
export function recordingsOf(values: RecordingValues, sources: readonly string[]): ReadonlyMap<string, RecordingPlan> {
  const { "source-stream": streams, "source-database": databases } = values;
  for (const flag of ["source-stream", "source-database", ...ofStreams, ...ofDatabases, ...ofBoth] as const)
    refuseStrangers(flag, values[flag], sources);
  const [streamed, kept] = [streams, databases].map((all) => all.map(([name]) => name));
  const both = streamed?.find((name) => kept?.includes(name));
  if (both !== undefined)
    throw new ConfigError(`--source-database ${both}: it is a stream by --source-stream; name another source`);
  refuseUnfilled(ofStreams, streamed ?? [], { values, word: "source-stream" });
  refuseUnfilled(ofDatabases, kept ?? [], { values, word: "source-database" });
  refuseUnfilled(ofBoth, [...(streamed ?? []), ...(kept ?? [])], {
    values,
    word: "source-stream or --source-database",
  });
  return new Map<string, RecordingPlan>([
    ...streams.map(([name, text]) => [name, streamOf(name, text, values)] as const),
    ...databases.map(([name, text]) => [name, databaseOf(name, text, values)] as const),
  ]);
}

function refuseStrangers(flag: string, pairs: readonly Pair[], sources: readonly string[]): void {
  const names = pairs.map(([name]) => name);
  const stranger = names.find((name) => !sources.includes(name));
  if (stranger !== undefined) throw new ConfigError(`--${flag} ${stranger}: there is no --source ${stranger}`);
  const double = names.find((name, place) => names.indexOf(name) < place);
  if (double !== undefined) throw new ConfigError(`--${flag} ${double} is given twice`);
}

function refuseUnfilled(
  flags: readonly ((typeof ofStreams)[number] | (typeof ofDatabases)[number] | (typeof ofBoth)[number])[],
  filled: readonly string[],
  { values, word }: { readonly values: RecordingValues; readonly word: string },
): void {
  for (const flag of flags)
    for (const [name] of values[flag])
      if (!filled.includes(name)) throw new ConfigError(`--${flag} ${name}: nothing is recorded there by --${word}`);
}

function streamOf(name: string, text: string, values: RecordingValues): StreamPlan {
  const segment = reading(`--source-segment ${name}`, () =>
    segmentBounds(saidOf(values["source-segment"], name) ?? "10m/16MiB"),
  );
  const keepBytes = reading(`--source-keep ${name}`, () => keptSize(saidOf(values["source-keep"], name) ?? "1GiB"));
  if (keepBytes < 2 * segment.bytes)
    throw new ConfigError(`--source-keep ${name}: at least two segments of --source-segment must have room`);
  return {
    kind: "stream",
    argv: argvOf(`--source-stream ${name}`, text),
    ...userOf(name, values),
    segment,
    keepBytes,
    bytesPerSecond: values["source-rate"],
  };
}

function databaseOf(name: string, text: string, values: RecordingValues): DatabasePlan {
  const database = databaseIn(`--source-database ${name}`, text);
  const passwordFile = saidOf(values["source-password-file"], name);
  if (passwordFile !== undefined && database.engine !== "postgresql")
    throw new ConfigError(`--source-password-file ${name}: SQLite has no passwords`);
  if (passwordFile !== undefined && !isAbsolute(passwordFile))
    throw new ConfigError(`--source-password-file ${name}: "${passwordFile}" must start with /`);
  return {
    kind: "database",
    database: { ...database, ...(passwordFile !== undefined && { passwordFile }) },
    ...userOf(name, values),
    when: reading(`--source-snapshot ${name}`, () => whenOf(saidOf(values["source-snapshot"], name) ?? "1d")),
    limit: values["source-snapshot-limit"],
    keep: reading(`--source-keep ${name}`, () => keptNumber(saidOf(values["source-keep"], name) ?? "7")),
  };
}

function databaseIn(where: string, text: string): DatabasePlan["database"] {
  const [, engine = ""] = /^([a-z0-9]+):/.exec(text) ?? [];
  if (engine === "sqlite") {
    const file = text.slice("sqlite:".length);
    if (!isAbsolute(file) || file.includes("\0"))
      throw new ConfigError(
        `${where}: "${file}" must be the whole path of a database, such as sqlite:/var/lib/app/app.db`,
      );
    return { engine, name: basename(file).slice(0, limits.nameLength), file: resolve(file) };
  }
  if (engine !== "postgresql")
    throw new ConfigError(`${where}: "${engine || text}" is no engine of databases; there are postgresql and sqlite`);
  const [, role, host, port, name] =
    /^postgresql:\/\/(?:([\w.-]{1,63})@)?(\[[0-9a-fA-F:.]+\]|[\w.-]+)?(?::(\d{1,5}))?\/([\w][\w.-]{0,62})$/.exec(
      text,
    ) ?? [];
  // Not repeated: there may be a password in it.
  if (name === undefined)
    throw new ConfigError(
      `${where}: write postgresql://ROLE@HOST:PORT/NAME, or postgresql:///NAME by the socket of this host; a password belongs into --source-password-file`,
    );
  return {
    engine,
    name,
    ...(role !== undefined && { role }),
    ...(host !== undefined && { host: host.replaceAll(/^\[|\]$/g, "") }),
    ...(port !== undefined && { port: Number(port) }),
  };
}

function whenOf(text: string): DatabasePlan["when"] {
  const [, hours, minutes] = /^(\d\d):(\d\d)$/.exec(text) ?? [];
  if (hours === undefined || minutes === undefined) return { every: interval(text) };
  if (Number(hours) > 23 || Number(minutes) > 59) throw new ConfigError(`"${text}" is no time of day`);
  return { minute: Number(hours) * 60 + Number(minutes) };
}

/** What somebody else says may come from anywhere: root reads nothing of it. */
function userOf(name: string, values: RecordingValues): { readonly user?: string } {
  const user = saidOf(values["source-user"], name);
  if (user === "root" || (user === undefined && process.getuid?.() === 0))
    throw new ConfigError(`--source-user ${name}: name a user other than root, who runs the program`);
  return user === undefined ? {} : { user };
}

const saidOf = (pairs: readonly Pair[], name: string): string | undefined => pairs.find(([each]) => each === name)?.[1];
