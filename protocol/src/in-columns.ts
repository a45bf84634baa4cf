import type { RecordBody, v1 } from "./messages.ts";
import { TelemetryWriter } from "./telemetry-columns.ts";

/** A record with its place, before its samples are written. */
export type GivenRecord = RecordBody & Pick<v1.Record.$Properties, "sequence" | "atMs" | "clockPeriod">;

/** Records as they travel, with all schemas that they need: for whoever sends them in one message. */
export function inColumns(given: readonly GivenRecord[]): {
  records: v1.Record.$Properties[];
  schemas: v1.TelemetrySchema.$Properties[];
} {
  const writer = new TelemetryWriter();
  const schemas = new Map<string, v1.TelemetrySchema.$Properties>();
  const records = given.map(({ telemetry: samples, ...record }): v1.Record.$Properties => {
    if (samples === undefined) return record;
    const { telemetry, schema } = writer.write(samples, record.atMs ?? 0);
    schemas.set(schema.name, { series: [...schema.series] });
    return { ...record, telemetry };
  });
  return { records, schemas: [...schemas.values()] };
}
