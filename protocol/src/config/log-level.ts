import { option } from "./options.ts";
import { oneOf } from "./values.ts";

/** From the least important lines to the most. */
export const logLevels = ["debug", "info", "warn", "error"] as const;
export type LogLevel = (typeof logLevels)[number];

/** `--log-level`, alike for every program. */
export const logLevelOption = option(
  "LEVEL",
  `Least important lines to log (${logLevels.join(", ")})`,
  "info",
  oneOf(logLevels),
);
