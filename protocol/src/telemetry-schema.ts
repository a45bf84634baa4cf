import { createHash } from "node:crypto";
import { name, text } from "./check-values.ts";
import { limits } from "./limits.ts";
import type { v1 } from "./messages.ts";
import { ProtocolError } from "./protocol-error.ts";

/** What a column is about. */
export interface SeriesName {
  readonly metric: string;
  /** What of several it is about; empty when there is only one. */
  readonly instance: string;
}

/** The series of the columns of telemetry batches. */
export interface Schema {
  /** What batches refer to it by, in hexadecimal: a schema of other series, or of the same in another order, has another. */
  readonly name: string;
  readonly series: readonly SeriesName[];
}

const DOMAIN = "edgemere.telemetry-schema.v1";
/** Bytes of the name of a schema. */
export const SCHEMA_NAME_BYTES = 8;

/** The schema of these series. Its name depends on their content alone, so nobody can give it to others. */
export const schemaOf = (series: readonly SeriesName[]): Schema => ({ name: nameOf(series), series });

/** The schema that a definition tells, whatever that is worth. */
export const schemaIn = ({ series = [] }: v1.TelemetrySchema.$Shape): Schema =>
  schemaOf(series.map(({ metric = "", instance = "" }) => ({ metric, instance })));

/** Throws ProtocolError when these can be no schema. */
export function checkSeries(series: readonly SeriesName[]): void {
  if (series.length > limits.telemetrySeries)
    throw new ProtocolError("too-many", `schemas.series has ${series.length} entries, over ${limits.telemetrySeries}`);
  const seen = new Set<string>();
  for (const { metric, instance } of series) {
    name("schemas.series.metric", metric);
    text("schemas.series.instance", instance, limits.nameLength);
    seen.add(seriesKey({ metric, instance }));
  }
  if (seen.size < series.length)
    throw new ProtocolError("out-of-range", `schemas.series names ${series.length - seen.size} series twice`);
}

/** Different for different series. */
export const seriesKey = ({ metric, instance }: SeriesName): string => `${metric.length} ${metric}${instance}`;

export const schemaNameBytes = (name: string): Uint8Array => Buffer.from(name, "hex");
export const schemaNameFrom = (bytes: Uint8Array): string =>
  Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString("hex");

function nameOf(series: readonly SeriesName[]): string {
  const hash = createHash("sha256").update(DOMAIN);
  for (const { metric, instance } of series) hash.update(behindLength(metric)).update(behindLength(instance));
  return hash.digest("hex").slice(0, 2 * SCHEMA_NAME_BYTES);
}

function behindLength(text: string): Uint8Array {
  const bytes = Buffer.alloc(4 + Buffer.byteLength(text));
  bytes.writeUInt32BE(bytes.length - 4);
  bytes.write(text, 4);
  return bytes;
}
