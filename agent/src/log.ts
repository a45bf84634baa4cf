import type { Fields, Log } from "@edgemere/protocol/kit";
import { logLevels, type LogLevel } from "@edgemere/protocol/config";
import { escapedJson, hasHiddenCharacters } from "@edgemere/protocol/hostile-text";

export interface LogTarget {
  readonly write: (line: string) => void;
  /** The time as ISO 8601. */
  readonly timestamp: () => string;
  /** What is the least that is written now. */
  readonly level: () => LogLevel;
  /** For a person at a terminal; JSON otherwise. */
  readonly isForPeople: boolean;
}

/** One line for each message: JSON, or words when a person reads along. */
export function lineLog({ write, timestamp, level, isForPeople }: LogTarget): Log {
  const at = (name: LogLevel) => {
    const rank = logLevels.indexOf(name);
    return (message: string, fields: Fields = {}) => {
      if (rank < logLevels.indexOf(level())) return;
      const time = timestamp();
      const plain = Object.fromEntries(Object.entries(fields).map(([key, value]) => [key, plainly(value)]));
      const line = isForPeople
        ? words(time, name, message, plain)
        : escapedJson(JSON.stringify({ time, level: name, message, ...plain }));
      write(`${line}\n`);
    };
  };
  return { debug: at("debug"), info: at("info"), warn: at("warn"), error: at("error") };
}

function words(time: string, level: LogLevel, message: string, fields: Fields): string {
  const said = Object.entries(fields)
    .filter(([, value]) => value !== undefined && value !== "")
    .map(([key, value]) => ` ${key}=${harmless(value)}`);
  return `${time.slice(11, 19)} ${level.padEnd(5)} ${message}${said.join("")}`;
}

// What others wrote may hold characters that act on a terminal.
const harmless = (value: unknown) =>
  typeof value === "string" && !hasHiddenCharacters(value) ? value : escapedJson(JSON.stringify(value) ?? "");

function plainly(value: unknown): unknown {
  if (!(value instanceof Error)) return value;
  return value.cause instanceof Error ? `${value.message} (${value.cause.message})` : value.message;
}
