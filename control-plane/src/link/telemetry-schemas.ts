import {
  limits,
  readTelemetry,
  schemaNameBytes,
  type JudgedBatch,
  type ReadTelemetry,
  type Schema,
} from "@edgemere/protocol";
import type { Clock } from "@edgemere/protocol/kit";
import { put, removed, type Change } from "../platform/change.ts";
import { table } from "../platform/resource.ts";
import type { Store } from "../platform/store.ts";
import type { Refusal } from "./refusals.ts";

/** A schema that a device has told, as it is stored. */
interface SchemaRow {
  /** The device and the name. */
  readonly id: string;
  readonly device: string;
  readonly name: string;
  /** The session that told it last. */
  readonly epoch: number;
  readonly at: number;
  /** Metric and instance of each column. */
  readonly series: readonly (readonly [metric: string, instance: string])[];
}

const schemaRows = table<SchemaRow>("telemetryschema", { device: ({ device, at, name }) => [[device, at, name]] });
const rowId = (device: string, name: string): string => `${device}/${name}`;

interface Known extends Schema {
  readonly epoch: number;
}

/** A batch whose samples were read. */
export interface ReadBatch extends Pick<ReadTelemetry, "batch" | "samples"> {
  /** What is to be stored with its records, so that those that follow can be read. */
  readonly changes: readonly Change[];
  /** The device's schemas when that is done. */
  readonly known: ReadonlyMap<string, Known>;
  /** Everything that was wrong. */
  readonly refusals: readonly Refusal[];
  /** The names of schemas that the device is to tell again. */
  readonly unknownSchemas: readonly Uint8Array[];
}

const NONE: ReadonlyMap<string, Known> = new Map();
const SHARED = 1_000;

/**
 * What the columns of each device's telemetry are about. A device tells its schemas anew in each session, with the records that
 * need them first; what an earlier session told is forgotten then, and of too many of one session the oldest. A device that
 * refers to one that was forgotten is asked for it.
 */
export class TelemetrySchemas {
  readonly #parts: { readonly store: Store; readonly clock: Clock };
  readonly #devices = new Map<string, ReadonlyMap<string, Known>>();
  /** Many devices are of one kind: they share the names of their series. */
  readonly #shared = new Map<string, Schema>();

  constructor(parts: { readonly store: Store; readonly clock: Clock }) {
    this.#parts = parts;
  }

  /** Reads the records behind the number `after`. */
  async read(device: string, batch: JudgedBatch, after: number): Promise<ReadBatch> {
    const isTelemetry = batch.records.some(({ record }) => record.body === "telemetry");
    const before = isTelemetry ? await this.#of(device) : NONE;
    const { used, unknown, ...read } = readTelemetry(batch, after, before);
    const epoch = batch.sessionEpoch;
    const fresh = batch.schemas
      .filter(({ schema: { name } }) => used.has(name) && before.get(name)?.epoch !== epoch)
      .map(({ schema }) => ({ ...this.#sharedBy(schema), epoch }));
    const { changes, known, forgotten } =
      fresh.length === 0 ? { changes: [], known: before, forgotten: 0 } : this.#after(device, before, fresh);
    return {
      ...read,
      changes,
      known,
      refusals: [...read.batch.faults, ...unknownRefusal(unknown), ...forgottenRefusal(forgotten)],
      unknownSchemas: unknown.slice(0, limits.telemetrySchemas).map(schemaNameBytes),
    };
  }

  /** To be called when its changes are stored. */
  remember(device: string, { changes, known }: ReadBatch): void {
    if (changes.length > 0) this.#devices.set(device, known);
  }

  /** What was remembered of a device that is away is read again when it comes back. */
  forget(device: string): void {
    this.#devices.delete(device);
  }

  async #of(device: string): Promise<ReadonlyMap<string, Known>> {
    const known = this.#devices.get(device) ?? (await this.#stored(device));
    this.#devices.set(device, known);
    return known;
  }

  #after(device: string, before: ReadonlyMap<string, Known>, fresh: readonly Known[]) {
    const told = new Set(fresh.map(({ name }) => name));
    const epoch = fresh[0]?.epoch;
    const all = [...[...before.values()].filter((each) => each.epoch === epoch && !told.has(each.name)), ...fresh];
    const known = new Map(all.slice(-limits.telemetrySchemas).map((each) => [each.name, each]));
    const gone = [...before.keys()].filter((name) => !known.has(name));
    const at = this.#parts.clock.now();
    const rows = fresh.map(({ name, epoch, series }) => {
      const columns = series.map(({ metric, instance }) => [metric, instance] as const);
      return put(schemaRows, { id: rowId(device, name), device, name, epoch, at, series: columns });
    });
    const changes = [...rows, ...gone.map((name) => removed(schemaRows, rowId(device, name)))];
    return { changes, known, forgotten: all.length - known.size };
  }

  async #stored(device: string): Promise<ReadonlyMap<string, Known>> {
    const { items } = await this.#parts.store.list(schemaRows, { index: "device", prefix: [device], limit: ROWS });
    return new Map(
      items.map(({ name, epoch, series }) => {
        const names = series.map(([metric, instance]) => ({ metric, instance }));
        return [name, { ...this.#sharedBy({ name, series: names }), epoch }];
      }),
    );
  }

  #sharedBy(schema: Schema): Schema {
    const same = this.#shared.get(schema.name);
    if (same !== undefined && isSame(same, schema)) return same;
    if (this.#shared.size >= SHARED) this.#shared.clear();
    this.#shared.set(schema.name, schema);
    return schema;
  }
}

// One more, so that what a change of the limit left is seen and forgotten.
const ROWS = limits.telemetrySchemas + 1;

/** The name is a short hash: whether two are the same only their content can tell. */
const isSame = ({ series: one }: Schema, { series: other }: Schema): boolean =>
  one.length === other.length &&
  one.every(({ metric, instance }, i) => metric === other[i]?.metric && instance === other[i]?.instance);

const unknownRefusal = ([name]: readonly string[]): readonly Refusal[] => {
  if (name === undefined) return [];
  const message = `the schema ${name} is not known: what needs it is to come again with it`;
  return [{ reason: "unknown-schema", message }];
};

const forgottenRefusal = (forgotten: number): readonly Refusal[] => {
  const message = `there are over ${limits.telemetrySchemas} of one session: the oldest go`;
  return forgotten === 0 ? [] : [{ reason: "too-many-schemas", message }];
};
