import { v1 } from "@edgemere/protocol";
import { SECOND, type Clock } from "@edgemere/protocol/kit";
import { seen, spooled, type SeenRecord } from "./records.ts";
import type { SimulatedDatabase } from "./simulated-database.ts";
import type { Trace } from "./trace.ts";

/** Keys under which the control plane's features are made to keep each record they receive, beside what they do with it. */
const KEY = "recorded/";
export const recordedKey = (device: string, stream: string, sequence: number): string =>
  `${KEY}${device}/${stream}/${String(sequence).padStart(12, "0")}`;

interface StreamBooks {
  /** Contents that an agent has made durable: the number they had last, and when. */
  readonly accepted: Map<string, { readonly number: number; readonly at: number }>;
  readonly stored: Set<string>;
  readonly gaps: { readonly first: number; readonly last: number }[];
  storedUpTo: number;
  acknowledgedUpTo: number;
}

/** Every record's way from an agent's disk into the control plane's store, seen from outside of both. */
export class RecordLedger {
  readonly #trace: Trace;
  readonly #clock: Pick<Clock, "monotonic">;
  readonly #books = new Map<string, StreamBooks>();

  constructor(trace: Trace, clock: Pick<Clock, "monotonic">) {
    this.#trace = trace;
    this.#clock = clock;
  }

  /** Bytes became durable on a device's disk. */
  synced(device: string, path: string, bytes: Uint8Array): void {
    const found = spooled(path, bytes);
    for (const { content, last } of found?.records ?? [])
      this.#of(`${device}/${found?.stream ?? ""}`).accepted.set(content, { number: last, at: this.#clock.monotonic() });
  }

  /** A batch is about to land that holds this record; `isThere` when its number was stored before. */
  stored(key: string, bytes: Uint8Array, isThere: boolean): void {
    const [device = "", stream = ""] = key.slice(KEY.length).split("/");
    const books = this.#of(`${device}/${stream}`);
    const record = seen(v1.Record.decode(bytes));
    if (isThere) this.#trace.wrong(`${key} is stored twice`);
    if (record.first !== books.storedUpTo + 1)
      this.#trace.wrong(`${key} is stored after ${books.storedUpTo}, with a hole or an overlap`);
    if (record.gapReason === "unexplained") this.#trace.wrong(`${key} stands for records that nobody explains`);
    books.storedUpTo = record.last;
    this.#keep(books, record);
  }

  /** The control plane says to a device that it has everything up to a number. */
  acknowledged(device: string, stream: string, upTo: number): void {
    const books = this.#of(`${device}/${stream}`);
    if (upTo > books.storedUpTo)
      this.#trace.wrong(`${device}/${stream} is acknowledged up to ${upTo} and stored up to ${books.storedUpTo}`);
    if (upTo < books.acknowledgedUpTo)
      this.#trace.wrong(`the watermark of ${device}/${stream} went back from ${books.acknowledgedUpTo} to ${upTo}`);
    books.acknowledgedUpTo = upTo;
  }

  /** Compares what a database holds with what was acknowledged. */
  audit(database: SimulatedDatabase): void {
    for (const [stream, { acknowledgedUpTo, gaps }] of this.#books) {
      const last = database.keysWith(`${KEY}${stream}/`).at(-1);
      const number = Number(last?.split("/").at(-1) ?? 0);
      const held = gaps.find(({ first }) => first === number)?.last ?? number;
      if (held < acknowledgedUpTo)
        this.#trace.wrong(`${stream} was acknowledged up to ${acknowledgedUpTo} and the database holds up to ${held}`);
    }
  }

  /** Everything that a device made durable must have come; of what happens at this moment it may not know itself yet. */
  close(device: string): void {
    const known = this.#clock.monotonic() - SECOND;
    for (const [stream, { accepted, stored, gaps }] of this.#books) {
      if (!stream.startsWith(`${device}/`)) continue;
      for (const [content, { number, at }] of accepted) {
        const isExplained = gaps.some(({ first, last }) => first <= number && number <= last);
        if (at <= known && !stored.has(content) && !isExplained)
          this.#trace.wrong(`${stream}/${number} was durable and never came`);
      }
    }
  }

  get storedRecords(): number {
    return [...this.#books.values()].reduce((sum, { stored }) => sum + stored.size, 0);
  }

  get explainedGaps(): number {
    return [...this.#books.values()].reduce((sum, { gaps }) => sum + gaps.length, 0);
  }

  #keep({ stored, gaps }: StreamBooks, { content, first, last, gapReason }: SeenRecord): void {
    stored.add(content);
    if (gapReason !== undefined) gaps.push({ first, last });
  }

  #of(stream: string): StreamBooks {
    const known = this.#books.get(stream);
    if (known !== undefined) return known;
    const books = { accepted: new Map(), stored: new Set<string>(), gaps: [], storedUpTo: 0, acknowledgedUpTo: 0 };
    this.#books.set(stream, books);
    return books;
  }
}
