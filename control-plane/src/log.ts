import { escapedJson } from "@edgemere/protocol/hostile-text";
import { pino } from "pino";
import type { Fields, Log } from "@edgemere/protocol/kit";
import type { LogLevel } from "@edgemere/protocol/config";

/** JSON lines on standard error. A message is a constant sentence; what varies are fields, in which others may have written. */
export function pinoLog(
  level: LogLevel,
  target: { write(line: string): void } = pino.destination({ dest: 2, sync: true }),
): Log {
  const logger = pino(
    { level, base: null, timestamp: pino.stdTimeFunctions.isoTime, serializers: { error: pino.stdSerializers.err } },
    { write: (line: string) => target.write(escapedJson(line)) },
  );
  const at =
    (name: LogLevel) =>
    (message: string, fields: Fields = {}) =>
      logger[name](fields, message);
  return { debug: at("debug"), info: at("info"), warn: at("warn"), error: at("error") };
}
