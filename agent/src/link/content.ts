import { limits, samplesIn } from "@edgemere/protocol";
import type { KeptRecord } from "./spool/kept-record.ts";
import { schemaBytes, type SchemaMessage } from "./spool/kept-schemas.ts";

/** What goes into one message. */
export interface Content {
  readonly records: readonly KeptRecord[];
  /** Those that the records need and that are not known to have arrived. */
  readonly schemas: readonly SchemaMessage[];
}

interface ContentParts {
  /** Whether the control plane has the schema of this name. */
  readonly isKnown: (name: string) => boolean;
  readonly schema: (name: string) => SchemaMessage | undefined;
  /** What the message has room for. */
  readonly bytes: number;
}

/** As many of the records as fit into one message with their schemas, in their order; at least one when there is one. */
export function contentOf(records: readonly KeptRecord[], { isKnown, schema, bytes }: ContentParts): Content {
  const schemas = new Map<string, SchemaMessage>();
  let [left, samples, taken] = [bytes, 0, 0];
  for (const record of records) {
    const name = record.schema ?? "";
    const needed = isKnown(name) || schemas.has(name) ? undefined : schema(name);
    left -= record.payload.length + (needed ? schemaBytes(needed) : 0);
    samples += samplesIn(record.record.telemetry ?? {});
    const isFull =
      left < 0 || samples > limits.messageSamples || (needed !== undefined && schemas.size === limits.telemetrySchemas);
    if (isFull && taken > 0) break;
    if (needed !== undefined) schemas.set(name, needed);
    taken += 1;
  }
  return { records: records.slice(0, taken), schemas: [...schemas.values()] };
}
