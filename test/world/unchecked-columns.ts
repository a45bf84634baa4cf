import {
  ColumnEncoder,
  schemaNameBytes,
  schemaOf,
  type GivenRecord,
  type GivenSamples,
  type v1,
} from "@edgemere/protocol";

/** Records as they travel, and the schemas of their samples: also of samples that no writer of ours would let through. */
export function uncheckedColumns(given: readonly GivenRecord[]) {
  const schemas: v1.TelemetrySchema.$Properties[] = [];
  const records = given.map(({ telemetry: samples, ...record }): v1.Record.$Properties => {
    if (samples === undefined) return record;
    const series = samples.series.map(({ metric, instance = "" }) => ({ metric, instance }));
    schemas.push({ series });
    return { ...record, telemetry: { schema: schemaNameBytes(schemaOf(series).name), ...columnsOf(samples, record) } };
  });
  return { records, schemas };
}

function columnsOf({ baseMs, offsetMs, series }: GivenSamples, { atMs = 0 }: { readonly atMs?: number | null }) {
  const encoder = new ColumnEncoder();
  const times = encoder.encode(offsetMs.map((offset) => baseMs + offset - (atMs ?? 0)));
  return { rows: offsetMs.length, times, columns: series.map(({ values }) => encoder.encode(values)) };
}
