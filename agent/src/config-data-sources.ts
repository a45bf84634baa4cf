import { isAbsolute, resolve } from "node:path";
import { limits } from "@edgemere/protocol";
import { ConfigError, duration, option, pair, repeatable, type Options, type Values } from "@edgemere/protocol/config";
import { DAY, SECOND } from "@edgemere/protocol/kit";
import { recordingOptions, recordingsOf } from "./config-recordings.ts";
import type { Source } from "./data/report.ts";

/** Which data the control plane may know of, and what fills its directories. */
export const dataOptions = {
  source: repeatable("NAME=DIR", "Directory whose files are reported", pair),
  tag: repeatable("SOURCE:KEY=VALUE", "Tag on the data of a source", pair),
  "source-takes": repeatable(
    "SOURCE",
    "Source where data of other places may be put, and taken away again",
    sourceName,
  ),
  "mount-folder": {
    takes: "DIR",
    about: "Folder in which data of other places may be shown that is fetched as it is read; by rclone and FUSE",
    read: (text: string) => resolve(text),
  },
  "source-every": option(
    "TIME",
    "How often data directories are looked at where no change is heard of",
    "30s",
    duration(SECOND, DAY),
  ),
  ...recordingOptions,
} satisfies Options;

function sourceName(text: string): string {
  if (text.length > limits.nameLength) throw new ConfigError(`has more than ${limits.nameLength} characters`);
  return text;
}

type Pair = readonly [key: string, value: string];

/** Throws ConfigError. */
export function dataOf(
  values: Values<typeof dataOptions>,
  dataFolder: string,
): {
  readonly sources: readonly Source[];
  readonly dataEvery: number;
  readonly mountFolder?: string;
} {
  const { source: sources, tag: tags, "source-takes": taking } = values;
  const names = sources.map(([name]) => name);
  for (const [name, path] of sources) {
    if (names.filter((each) => each === name).length > 1) throw new ConfigError(`--source ${name} is given twice`);
    if (name.length > limits.nameLength) throw new ConfigError(`--source ${name}: the name is too long`);
    if (!isAbsolute(path)) throw new ConfigError(`--source ${name}=${path}: the directory must start with /`);
  }
  const stranger = taking.find((name) => !names.includes(name));
  if (stranger !== undefined) throw new ConfigError(`--source-takes ${stranger}: there is no --source ${stranger}`);
  const placed = tags.map(([key, value]) => ({ ...splitTag(key, names), value }));
  const recordings = recordingsOf(values, names);
  for (const name of recordings.keys()) refuseShared(name, sources, dataFolder);
  return {
    sources: sources.map(([name, path]) => {
      const records = recordings.get(name);
      return {
        name,
        path,
        tags: Object.fromEntries(placed.filter((tag) => tag.source === name).map(({ key, value }) => [key, value])),
        ...(taking.includes(name) && { takesData: true }),
        ...(records !== undefined && { records }),
      };
    }),
    dataEvery: values["source-every"],
    ...(values["mount-folder"] !== undefined && { mountFolder: values["mount-folder"] }),
  };
}

/** What is recorded goes to a directory of its own. */
function refuseShared(name: string, sources: readonly Pair[], dataFolder: string): void {
  const own = resolve(sources.find(([each]) => each === name)?.[1] ?? "/");
  const where = `--source ${name}=${own}`;
  if (own === "/") throw new ConfigError(`${where}: what is recorded needs a directory of its own`);
  if (areNested(own, dataFolder))
    throw new ConfigError(`${where}: the agent's own folder ${dataFolder} is closed to data; name another directory`);
  const other = sources.find(([each, path]) => each !== name && areNested(own, resolve(path)));
  if (other !== undefined)
    throw new ConfigError(
      `${where}: that is in, or has in it, the directory of --source ${other[0]}; what is recorded needs one of its own`,
    );
}

const areNested = (one: string, other: string): boolean => {
  const [a, b] = [`${one}/`, other === "/" ? "/" : `${other}/`];
  return a.startsWith(b) || b.startsWith(a);
};

function splitTag(text: string, sources: readonly string[]): { readonly source: string; readonly key: string } {
  const at = text.lastIndexOf(":");
  const [source, key] = [text.slice(0, Math.max(at, 0)), text.slice(at + 1)];
  if (at < 1 || key === "") throw new ConfigError(`--tag ${text}: write SOURCE:KEY=VALUE`);
  if (!sources.includes(source)) throw new ConfigError(`--tag ${text}: there is no --source ${source}`);
  return { source, key };
}
