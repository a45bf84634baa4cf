import { faultIn } from "./protocol-error.ts";
import type { JudgedBatch, JudgedRecord } from "./record-batch.ts";
import { samplesOf, type Samples } from "./telemetry-columns.ts";
import { schemaNameFrom, type Schema } from "./telemetry-schema.ts";

/** What can be taken of a batch of telemetry. */
export interface ReadTelemetry {
  /** Up to the first record whose schema is not known. What is wrong with columns is a fault of their record. */
  readonly batch: JudgedBatch;
  /** By the number of their record. */
  readonly samples: ReadonlyMap<number, Samples>;
  /** The names of the schemas of these samples. */
  readonly used: ReadonlySet<string>;
  /** The names of all schemas that records refer to and that are not known. */
  readonly unknown: readonly string[];
}

/** Reads the samples of records; those up to the number `after` are stored already. `known` are schemas besides those that the batch brings, by their names. */
export function readTelemetry(batch: JudgedBatch, after: number, known: ReadonlyMap<string, Schema>): ReadTelemetry {
  const brought = new Map(batch.schemas.map((each) => [each.schema.name, each]));
  const samples = new Map<number, Samples>();
  const records: JudgedRecord[] = [];
  const [used, unknown] = [new Set<string>(), new Set<string>()];
  const faults = [...batch.faults];
  for (const judged of batch.records) {
    const { record, last } = judged;
    if (judged.fault !== undefined || record.body !== "telemetry") {
      if (unknown.size === 0) records.push(judged);
      continue;
    }
    const name = schemaNameFrom(record.telemetry.schema);
    const found = brought.get(name);
    const schema = found?.schema ?? known.get(name);
    // What is stored already nobody needs to read.
    if (schema === undefined && last > after) unknown.add(name);
    // Records are stored in their order: what stands behind one that must wait waits as well.
    if (unknown.size > 0) continue;
    const read = () => schema && samples.set(record.sequence, samplesOf(record, schema));
    const fault = found?.fault ?? faultIn(read);
    if (fault === undefined) used.add(name);
    // That of a schema is among them, however many records need it.
    else if (fault !== found?.fault) faults.push(fault);
    records.push(fault === undefined ? judged : { ...judged, fault });
  }
  return { batch: { ...batch, records, faults }, samples, used, unknown: [...unknown] };
}
