import { pino } from "pino";
import type { Fields, Log } from "@edgemere/protocol/kit";
import type { LogLevel } from "@edgemere/protocol/config";

/** JSON lines on standard error. A message is a constant sentence; what varies are fields. */
export function pinoLog(level: LogLevel): Log {
  const logger = pino(
    { level, base: null, timestamp: pino.stdTimeFunctions.isoTime, serializers: { error: pino.stdSerializers.err } },
    pino.destination({ dest: 2, sync: true }),
  );
  const at =
    (name: LogLevel) =>
    (message: string, fields: Fields = {}) =>
      logger[name](fields, message);
  return { debug: at("debug"), info: at("info"), warn: at("warn"), error: at("error") };
}
