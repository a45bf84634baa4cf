import { limits, v1, type Encodable, type RecordBody } from "@edgemere/protocol";

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
  | { readonly kind: "record"; readonly body: RecordBody; readonly atMs: number }
  | ({ readonly kind: "gap" } & Missing)
);

/**
 * The records of one stream that wait to be stored. Edge nodes keep nothing for us, so that what finds no room here is lost,
 * and a gap stands for it. Numbers are given when records are offered; what was offered once is never changed, since it may be
 * stored by now.
 */
export class RecordQueue {
  readonly #waiting: Waiting[] = [];
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

  add(body: RecordBody, atMs: number): void {
    const bytes = v1.Record.encode({ ...(body as Encodable<typeof v1.Record>), atMs }).finish().length;
    if (this.#bytes + bytes > ROOM) return this.miss({ records: 1, from: atMs, to: atMs, reason: "spool-full" });
    this.#waiting.push({ kind: "record", body, atMs, bytes });
    this.#bytes += bytes;
  }

  /** So many records were lost. One after the other for the same reason are one gap. */
  miss(missing: Missing): void {
    const tail = this.#waiting.at(-1);
    if (tail?.kind !== "gap" || tail.reason !== missing.reason || this.#waiting.length <= this.#offered) {
      this.#waiting.push({ kind: "gap", bytes: 0, ...missing });
      return;
    }
    const records = tail.records + missing.records;
    const [from, to] = [Math.min(tail.from, missing.from), Math.max(tail.to, missing.to)];
    this.#waiting[this.#waiting.length - 1] = { ...tail, records, from, to };
  }

  /** The oldest records, as many as go into one message, and the number of the last; undefined where nothing waits. */
  batch(): { readonly records: Encodable<typeof v1.Record>[]; readonly last: number } | undefined {
    const records: Encodable<typeof v1.Record>[] = [];
    let [bytes, next] = [0, this.first];
    for (const each of this.#waiting) {
      bytes += each.bytes + FRAME_BYTES;
      if (records.length === limits.batchRecords || (records.length > 0 && bytes > MESSAGE_BYTES)) break;
      records.push(numbered(each, next));
      next += countOf(each);
    }
    if (records.length === 0) return undefined;
    this.#offered = Math.max(this.#offered, records.length);
    return { records, last: next - 1 };
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
  if (each.kind === "record") return { ...(each.body as Encodable<typeof v1.Record>), sequence, atMs: each.atMs };
  const { records, from, to, reason } = each;
  const gap = { upTo: sequence + records - 1, records, reason, fromMs: from, toMs: to, estimated: true };
  return { sequence, atMs: to, gap };
}
