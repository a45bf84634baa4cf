import {
  ConfigError,
  duration,
  oneOf,
  option,
  pair,
  repeatable,
  type Options,
  type Values,
} from "@edgemere/protocol/config";
import { DAY, HOUR, SECOND } from "@edgemere/protocol/kit";
import { extraNames, extraPlansOf, extraSourceOptions, PROBES } from "./config-sources.ts";
import { hostSources } from "./host/host.ts";
import type { DeadBand } from "./telemetry/dead-band.ts";
import type { TelemetryPlan } from "./telemetry/plan.ts";
import { profileNames, profiles } from "./telemetry/profiles.ts";
import { rollUpFunctions } from "./telemetry/roll-up.ts";

const interval = duration(100, DAY);

/** What is measured, how often, and what of it is sent. */
export const telemetryOptions = {
  profile: option("WORD", `How thoroughly: ${profileNames.join(", ")}`, "normal", oneOf(profileNames)),
  sample: {
    takes: "TIME",
    about: "How often metrics are measured [10s; frugal: 1m, detailed: 1s]",
    read: duration(100, HOUR),
  },
  report: {
    takes: "TIME",
    about: "How often measured metrics are sent; at least --sample [10s; frugal: 15m]",
    read: duration(100, HOUR),
  },
  every: repeatable(
    "SOURCE=TIME",
    `How often one source is measured, or off: ${[...hostSources, PROBES].join(", ")}`,
    pair,
  ),
  resolution: {
    takes: "TIME",
    about: "One row for so long in place of every sample; 0 for every sample [0; frugal: 15m]",
    read: duration(0, DAY),
  },
  "roll-up": repeatable(
    "WORD",
    `Told of such a row beside the mean: ${rollUpFunctions.join(", ")} [min, max; frugal: max]`,
    oneOf(rollUpFunctions),
  ),
  "dead-band": repeatable(
    "METRIC=CHANGE:TIME",
    "A value is sent when it moved by more, and at least so often: memory.*=1%:5m",
    pair,
  ),
  ...extraSourceOptions,
  "data-budget": {
    takes: "SIZE/month",
    about: "Data a month, such as 250MB/month, before less is measured and sent [no end]",
    read: budget,
  },
} satisfies Options;

const UNITS = { kB: 1e3, MB: 1e6, GB: 1e9 };
const SMALLEST_BUDGET = UNITS.MB;

/** In units of a thousand, as data is sold. */
function budget(text: string): number {
  const [, digits, unit = ""] = /^(\d+(?:\.\d+)?)(kB|MB|GB)\/month$/.exec(text) ?? [];
  const bytes = Number(digits) * UNITS[unit as keyof typeof UNITS];
  if (Number.isNaN(bytes)) throw new ConfigError(`"${text}" is not data a month such as 250MB/month or 1.5GB/month`);
  if (bytes < SMALLEST_BUDGET) throw new ConfigError(`"${text}" is too small: at least 1MB/month`);
  return Math.round(bytes);
}

/** The intervals and the plan of a device; throws ConfigError. */
export function telemetryOf(values: Values<typeof telemetryOptions>) {
  const profile = profiles[values.profile];
  const [sampleEvery, reportEvery] = [values.sample ?? profile.sample, values.report ?? profile.report];
  if (reportEvery < sampleEvery) throw new ConfigError("--report must be at least as long as --sample");
  const names = [...hostSources, PROBES, ...extraNames(values)];
  const own = new Map(values.every.map(([name, text]) => [sourceNamed(name, names), intervalOf(name, text)]));
  const everyOf = (name: string, usual: number | undefined) => (own.has(name) ? own.get(name) : usual);
  const intervals = hostSources.map((name) => {
    const least = profile.sources[name];
    return [name, everyOf(name, least === undefined ? undefined : Math.max(sampleEvery, least))] as const;
  });
  const resolution = values.resolution ?? profile.resolution ?? 0;
  const telemetry: TelemetryPlan = {
    sources: Object.fromEntries(intervals.filter(([, every]) => every !== undefined)),
    ...(resolution > 0 && { resolution }),
    rollUp: values["roll-up"].length > 0 ? [...new Set(values["roll-up"])] : profile.rollUp,
    deadBands: values["dead-band"].map(deadBandOf),
    ...extraPlansOf(values, everyOf),
  };
  const dataBudget = values["data-budget"];
  const { keepalive, headEvery } = profile;
  return { sampleEvery, reportEvery, telemetry, keepalive, headEvery, ...(dataBudget !== undefined && { dataBudget }) };
}

function sourceNamed(name: string, names: readonly string[]): string {
  if (names.includes(name)) return name;
  throw new ConfigError(`--every ${name}: there is no such source; there are ${names.join(", ")}`);
}

function intervalOf(name: string, text: string): number | undefined {
  if (text === "off") return undefined;
  return reading(`--every ${name}=${text}`, () => interval(text));
}

function deadBandOf([metric, text]: readonly [string, string]): DeadBand {
  const where = `--dead-band ${metric}=${text}`;
  const [, change, percent, time] = /^(\d+(?:\.\d+)?)(%?):(.+)$/.exec(text) ?? [];
  if (change === undefined || time === undefined)
    throw new ConfigError(`${where}: write a change and a time, such as 0.5:10m or 1%:5m`);
  if (!/^[a-z0-9._-]+\*?$/i.test(metric))
    throw new ConfigError(`${where}: write a metric, or its beginning and *, such as memory.*`);
  const atLeastEvery = reading(where, () => duration(SECOND, DAY)(time));
  return { metric, change: Number(change), isShare: percent === "%", atLeastEvery };
}

/** Says where it stood what was wrong. */
export function reading<T>(where: string, read: () => T): T {
  try {
    return read();
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    throw new ConfigError(`${where}: ${error.message}`);
  }
}
