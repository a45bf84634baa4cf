import { duration, option, type Options, type Reader, type Values } from "@edgemere/protocol/config";
import { DAY, HOUR, SECOND } from "@edgemere/protocol/kit";

/** How windows of telemetry are made beforehand, milliseconds each. */
export interface WindowsConfig {
  readonly every: number;
  readonly keepMinutes: number;
  readonly keepHours: number;
}

const every: Reader<number | undefined> = (value) => (value === "off" ? undefined : duration(10 * SECOND, HOUR)(value));
const keeping = duration(HOUR, 3_660 * DAY);

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
} satisfies Options;

export function windowsConfigOf(values: Values<typeof windowsOptions>): WindowsConfig | undefined {
  const every = values["windows-every"];
  if (every === undefined) return undefined;
  return { every, keepMinutes: values["keep-minutes"], keepHours: values["keep-hours"] };
}
