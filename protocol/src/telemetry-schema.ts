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

/** What a column is about, and what it means that a row has no value. */
export interface SchemaSeries extends SeriesName {
  /** For so many milliseconds a value stands in later rows that have none; such a row says nothing when absent. */
  readonly holdMs?: number;
}

/** The series of the columns of telemetry batches. */
export interface Schema {
  /** What batches refer to it by, in hexadecimal: a schema of other series, or of the same in another order, has another. */
  readonly name: string;
  readonly series: readonly SchemaSeries[];
}

const DOMAIN = "edgemere.telemetry-schema.v1";
const DOMAIN_WITH_HOLDS = "edgemere.telemetry-schema.v2";
/** Bytes of the name of a schema. */
export const SCHEMA_NAME_BYTES = 8;

/** The schema of these series. Its name depends on their content alone, so nobody can give it to others. */
export const schemaOf = (series: readonly SchemaSeries[]): Schema => ({ name: nameOf(series), series });

/** The schema that a definition tells, whatever that is worth. */
export const schemaIn = ({ series = [] }: v1.TelemetrySchema.$Shape): Schema =>
  schemaOf(series.map(({ metric = "", instance = "", holdMs = 0 }) => ({ metric, instance, ...holdOf(holdMs) })));

/** As a part of a series: absent where it holds nothing. */
export const holdOf = (holdMs: number | undefined): Pick<SchemaSeries, "holdMs"> => (holdMs ? { holdMs } : {});

/** Throws ProtocolError when these can be no schema. */
export function checkSeries(series: readonly SchemaSeries[]): void {
  if (series.length > limits.telemetrySeries)
    throw new ProtocolError("too-many", `schemas.series has ${series.length} entries, over ${limits.telemetrySeries}`);
  const seen = new Set<string>();
  for (const { metric, instance, holdMs = 0 } of series) {
    if (!Number.isSafeInteger(holdMs) || holdMs < 0 || holdMs > limits.telemetryHold)
      throw new ProtocolError(
        "out-of-range",
        `schemas.series.hold_ms of ${metric} is ${holdMs}, not within 0 and ${limits.telemetryHold}`,
      );
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

function nameOf(series: readonly SchemaSeries[]): string {
  const hasHolds = series.some(({ holdMs }) => holdMs);
  const hash = createHash("sha256").update(hasHolds ? DOMAIN_WITH_HOLDS : DOMAIN);
  for (const { metric, instance, holdMs = 0 } of series) {
    hash.update(behindLength(metric)).update(behindLength(instance));
    if (hasHolds) hash.update(fourBytes(holdMs));
  }
  return hash.digest("hex").slice(0, 2 * SCHEMA_NAME_BYTES);
}

function fourBytes(number: number): Uint8Array {
  const bytes = Buffer.alloc(4);
  // What is no number of 32 bits is refused by checkSeries; here it only must not be another's name.
  bytes.writeUInt32BE(number >>> 0);
  return bytes;
}

function behindLength(text: string): Uint8Array {
  const bytes = Buffer.alloc(4 + Buffer.byteLength(text));
  bytes.writeUInt32BE(bytes.length - 4);
  bytes.write(text, 4);
  return bytes;
}
