import {
  ConfigError,
  duration,
  option,
  pair,
  repeatable,
  size,
  type Options,
  type Values,
} from "@edgemere/protocol/config";
import { DAY, SECOND } from "@edgemere/protocol/kit";
import { argvOf } from "./config-sources.ts";
import { reading } from "./config-telemetry.ts";
import type { RecordingPlan, StreamPlan } from "./data/recording/plan.ts";

/** What fills directories of sources. */
export const recordingOptions = {
  "source-stream": repeatable("SOURCE=PROGRAM", "Program whose lines are recorded there, in closed segments", pair),
  "source-segment": repeatable(
    "SOURCE=TIME/SIZE",
    "When a segment of a stream is closed, such as 1h/64MiB [10m/16MiB]",
    pair,
  ),
  "source-keep": repeatable("SOURCE=SIZE", "Room for all segments of a stream; the oldest go [1GiB]", pair),
  "source-rate": option(
    "SIZE",
    "Bytes a second that a stream may say before its program is held up",
    "1MiB",
    size(1_024, 1024 ** 3),
  ),
  "source-user": repeatable("SOURCE=USER", "User who runs the program of a source [the agent's own; root: none]", pair),
} satisfies Options;

type RecordingValues = Values<typeof recordingOptions>;
type Pair = readonly [source: string, text: string];

const SEGMENT_TIME = duration(SECOND, DAY);
const SEGMENT_SIZE = size(1_024, 64 * 1024 ** 2);
const KEPT_SIZE = size(1_024, 1024 ** 5);
const USUAL_SEGMENT = "10m/16MiB";
const USUAL_ROOM = "1GiB";

/** What fills which source; throws ConfigError. */
export function recordingsOf(values: RecordingValues, sources: readonly string[]): ReadonlyMap<string, RecordingPlan> {
  const { "source-stream": streams } = values;
  refuseDoubles(values, sources);
  const recorded = streams.map(([name]) => name);
  for (const flag of ["source-segment", "source-keep", "source-user"] as const)
    for (const [name] of values[flag])
      if (!recorded.includes(name))
        throw new ConfigError(`--${flag} ${name}: nothing is recorded there; --source-stream says what`);
  return new Map(streams.map(([name, text]) => [name, streamOf(name, text, values)]));
}

function refuseDoubles(values: RecordingValues, sources: readonly string[]): void {
  for (const flag of ["source-stream", "source-segment", "source-keep", "source-user"] as const) {
    const names = values[flag].map(([name]) => name);
    const stranger = names.find((name) => !sources.includes(name));
    if (stranger !== undefined) throw new ConfigError(`--${flag} ${stranger}: there is no --source ${stranger}`);
    const double = names.find((name, place) => names.indexOf(name) < place);
    if (double !== undefined) throw new ConfigError(`--${flag} ${double} is given twice`);
  }
}

function streamOf(name: string, text: string, values: RecordingValues): StreamPlan {
  const segment = segmentOf(name, saidOf(values["source-segment"], name) ?? USUAL_SEGMENT);
  const keepBytes = reading(`--source-keep ${name}`, () =>
    KEPT_SIZE(saidOf(values["source-keep"], name) ?? USUAL_ROOM),
  );
  if (keepBytes < 2 * segment.bytes)
    throw new ConfigError(`--source-keep ${name}: at least two segments of --source-segment must have room`);
  const user = userOf(name, values);
  return {
    kind: "stream",
    argv: argvOf(`--source-stream ${name}`, text),
    ...(user !== undefined && { user }),
    segment,
    keepBytes,
    bytesPerSecond: values["source-rate"],
  };
}

function segmentOf(name: string, text: string): StreamPlan["segment"] {
  const [time, bytes, ...rest] = text.split("/");
  const where = `--source-segment ${name}`;
  if (time === undefined || bytes === undefined || rest.length > 0)
    throw new ConfigError(`${where}: "${text}" is not a time and a size such as 10m/16MiB`);
  return reading(where, () => ({ time: SEGMENT_TIME(time), bytes: SEGMENT_SIZE(bytes) }));
}

/** What somebody else says may come from anywhere: root reads nothing of it. */
function userOf(name: string, values: RecordingValues): string | undefined {
  const user = saidOf(values["source-user"], name);
  if (user === "root" || (user === undefined && process.getuid?.() === 0))
    throw new ConfigError(`--source-user ${name}: name a user other than root, who runs the program`);
  return user;
}

const saidOf = (pairs: readonly Pair[], name: string): string | undefined => pairs.find(([each]) => each === name)?.[1];
