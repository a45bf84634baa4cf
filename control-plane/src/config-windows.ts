import {
  ConfigError,
  duration,
  option,
  repeatable,
  type Options,
  type Reader,
  type Values,
} from "@edgemere/protocol/config";
import { DAY, HOUR, MINUTE, SECOND } from "@edgemere/protocol/kit";

/** How windows of telemetry are made beforehand, milliseconds each. */
export interface WindowsConfig {
  readonly every: number;
  readonly keepMinutes: number;
  readonly keepHours: number;
  /** What the event device.stats tells of each device; undefined: it is not told. */
  readonly stats: { readonly every: number; readonly metrics: readonly string[] } | undefined;
}

const every: Reader<number | undefined> = (value) => (value === "off" ? undefined : duration(10 * SECOND, HOUR)(value));
const keeping = duration(HOUR, 3_660 * DAY);

const metricName: Reader<string> = (value) => {
  if (/^[A-Za-z][\w.-]{0,127}$/.test(value)) return value;
  throw new ConfigError(`"${value}" is no metric; write it like cpu.busy_percent`);
};
const partOfHour: Reader<number> = (value) => {
  const time = duration(MINUTE, HOUR)(value);
  if (time % MINUTE === 0 && HOUR % time === 0) return time;
  throw new ConfigError(`"${value}" is no part of an hour in whole minutes; write 1m, 5m, 10m, 15m, 30m or 1h`);
};
/** As many as an aggregated device tells of. */
const METRICS_AT_MOST = 20;

/** Options of the windows. */
export const windowsOptions = {
  "windows-every": option(
    "TIME",
    "After how long new telemetry is in the windows that queries read, or off: they read samples",
    "1m",
    every,
  ),
  "keep-minutes": option("TIME", "How long windows of a minute are kept", "7d", keeping),
  "keep-hours": option("TIME", "How long windows of an hour are kept", "730d", keeping),
  "device-stats": repeatable(
    "METRIC",
    "The event device.stats tells of this metric of every device, of 20 at most; without any there is no such event",
    metricName,
  ),
  "device-stats-every": option("TIME", "How long a time it tells of, 1m to 1h: a part of an hour", "5m", partOfHour),
} satisfies Options;

export function windowsConfigOf(values: Values<typeof windowsOptions>): WindowsConfig | undefined {
  const every = values["windows-every"];
  if (every === undefined) return undefined;
  const { "device-stats": metrics } = values;
  if (metrics.length > METRICS_AT_MOST)
    throw new ConfigError(
      `--device-stats names ${metrics.length} metrics, and the event tells of at most ${METRICS_AT_MOST}; leave some out`,
    );
  return {
    every,
    keepMinutes: values["keep-minutes"],
    keepHours: values["keep-hours"],
    stats: metrics.length === 0 ? undefined : { every: values["device-stats-every"], metrics },
  };
}
