import { limits, TelemetryWriter, v1, type Encodable, type RecordBody, type Schema } from "@edgemere/protocol";

/** Bytes that may wait for one edge node and stream. */
const ROOM = 512 * 1024;
/** Records in one message take at most so much; the rest of the message is its frame. */
const MESSAGE_BYTES = limits.messageBytes - 1_024;
/** Around a record stand its tag, its length and its number; a gap is little more than its numbers. */
const FRAME_BYTES = 128;

/** Records that were lost, and why. */
interface Missing {
  readonly records: number;
  readonly from: number;
  readonly to: number;
  readonly reason: string;
}

type Waiting = { readonly bytes: number } & (
  | {
      readonly kind: "record";
      readonly record: Encodable<typeof v1.Record>;
      /** What its columns are about. */
      readonly schema: Schema | undefined;
    }
  | ({ readonly kind: "gap" } & Missing)
);

interface Offered {
  readonly records: Encodable<typeof v1.Record>[];
  readonly schemas: Encodable<typeof v1.TelemetrySchema>[];
  readonly last: number;
}

/**
 * The records of one stream that wait to be stored. Edge nodes keep nothing for us, so that what finds no room here is lost,
 * and a gap stands for it. Numbers are given when records are offered; what was offered once is never changed, since it may be
 * stored by now.
 */
export class RecordQueue {
  readonly #waiting: Waiting[] = [];
  /** Edge nodes report what has changed. */
  readonly #writer = new TelemetryWriter({ isGrowing: true });
  /** How many of the waiting ones were offered. */
  #offered = 0;
  /** Up to this number all is stored. */
  #upTo = 0;
  #bytes = 0;

  /** The lowest number that is not stored. */
  get first(): number {
    return this.#upTo + 1;
  }

  /** Number of the record that comes after all that wait. */
  get next(): number {
    return this.#waiting.reduce((number, each) => number + countOf(each), this.first);
  }

  get isEmpty(): boolean {
    return this.#waiting.length === 0;
  }

  add({ telemetry: samples, ...body }: RecordBody, atMs: number): void {
    const written = samples && this.#writer.write(samples, atMs);
    const record = { ...body, atMs, ...(written && { telemetry: written.telemetry }) };
    const bytes = v1.Record.encode(record).finish().length;
    if (this.#bytes + bytes > ROOM) return this.miss({ records: 1, from: atMs, to: atMs, reason: "spool-full" });
    this.#waiting.push({ kind: "record", record, schema: written?.schema, bytes });
    this.#bytes += bytes;
  }

  /** So many records were lost. One after the other for the same reason are one gap; where there is no room, for any reason. */
  miss(missing: Missing): void {
    const tail = this.#waiting.at(-1);
    const isFull = this.#bytes + FRAME_BYTES > ROOM;
    const isApart = tail?.kind !== "gap" || this.#waiting.length <= this.#offered;
    if (isApart || (tail.reason !== missing.reason && !isFull)) {
      this.#waiting.push({ kind: "gap", bytes: FRAME_BYTES, ...missing });
      this.#bytes += FRAME_BYTES;
      return;
    }
    const records = tail.records + missing.records;
    const [from, to] = [Math.min(tail.from, missing.from), Math.max(tail.to, missing.to)];
    this.#waiting[this.#waiting.length - 1] = { ...tail, records, from, to };
  }

  /** The oldest records, as many as go into one message, with what they need, and the number of the last; undefined where nothing waits. */
  batch(): Offered | undefined {
    const records: Encodable<typeof v1.Record>[] = [];
    const schemas = new Map<string, Encodable<typeof v1.TelemetrySchema>>();
    let [bytes, next] = [0, this.first];
    for (const each of this.#waiting) {
      const schema = each.kind === "record" && !schemas.has(each.schema?.name ?? "") ? each.schema : undefined;
      const told = schema && { series: [...schema.series] };
      bytes += each.bytes + FRAME_BYTES + (told ? v1.TelemetrySchema.encode(told).finish().length : 0);
      const isFull = records.length === limits.batchRecords || schemas.size === limits.telemetrySchemas;
      if (isFull || (records.length > 0 && bytes > MESSAGE_BYTES)) break;
      if (schema && told) schemas.set(schema.name, told);
      records.push(numbered(each, next));
      next += countOf(each);
    }
    if (records.length === 0) return undefined;
    this.#offered = Math.max(this.#offered, records.length);
    return { records, schemas: [...schemas.values()], last: next - 1 };
  }

  /** Everything up to this number is stored: of what waits, and of what was there before anything of it was offered. */
  stored(upTo: number): void {
    for (let [each] = this.#waiting; this.#offered > 0 && each !== undefined; [each] = this.#waiting) {
      if (this.#upTo + countOf(each) > upTo) break;
      this.#upTo += countOf(each);
      this.#bytes -= each.bytes;
      this.#waiting.shift();
      this.#offered--;
    }
    if (this.#offered === 0) this.#upTo = Math.max(this.#upTo, upTo);
  }
}

const countOf = (each: Waiting): number => (each.kind === "gap" ? each.records : 1);

function numbered(each: Waiting, sequence: number): Encodable<typeof v1.Record> {
  if (each.kind === "record") return { ...each.record, sequence };
  const { records, from, to, reason } = each;
  const gap = { upTo: sequence + records - 1, records, reason, fromMs: from, toMs: to, estimated: true };
  return { sequence, atMs: to, gap };
}
