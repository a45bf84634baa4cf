import { streamNames, unpack, v1, type Packet, type Record_, type RecordBatch } from "@edgemere/protocol";
import { SECOND, type Clock } from "@edgemere/protocol/kit";
import type { SimulatedDisk } from "@edgemere/protocol/simulated";
import { seen, type SeenRecord } from "./records.ts";
import type { SimulatedDatabase } from "./simulated-database.ts";
import { SpoolMirror } from "./spool-mirror.ts";
import type { Trace } from "./trace.ts";

/** Keys under which the control plane's features are made to keep each record they receive, beside what they do with it. */
export const RECORDED = "recorded/";
export const recordedKey = (device: string, stream: string, sequence: number): string =>
  `${RECORDED}${device}/${stream}/${String(sequence).padStart(12, "0")}`;

interface StreamBooks {
  /** Contents that an agent has made durable: the number they had last, and when. */
  readonly accepted: Map<string, { readonly number: number; readonly at: number }>;
  /** What an agent has sent under each number. */
  readonly sent: Map<number, string>;
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
  readonly #mirrors = new Map<string, SpoolMirror>();

  constructor(trace: Trace, clock: Pick<Clock, "monotonic">) {
    this.#trace = trace;
    this.#clock = clock;
  }

  /** Bytes became durable on a device's disk. */
  synced(device: string, path: string, bytes: Uint8Array): void {
    const stream = path.split("/")[1] ?? "";
    for (const { content, last } of this.#mirror(device).appended(path, bytes))
      this.#of(device, stream).accepted.set(content, { number: last, at: this.#clock.monotonic() });
  }

  /** A file on a device's disk was replaced, cut or removed. */
  changed(device: string, path: string, content: Uint8Array | undefined): void {
    this.#mirror(device).changed(path, content);
  }

  /** An agent begins over a disk to which something may have happened. */
  async found(device: string, disk: SimulatedDisk): Promise<void> {
    await this.#mirror(device).reread(disk, streamNames);
  }

  /** An agent has mended its disk: what was durable is still there, or something stands for it. */
  mended(device: string): void {
    const mirror = this.#mirror(device);
    for (const stream of streamNames)
      for (const [content, { number }] of this.#of(device, stream).accepted) {
        const record = { first: number, last: number, content };
        if (!this.#isDelivered(device, stream, record) && !mirror.holds(stream, record))
          this.#trace.wrong(`${device}/${stream}/${number} was durable and is neither stored nor on the disk`);
      }
  }

  /** An agent hands a packet to the network. */
  published(device: string, { topic, payload }: Packet): void {
    const { name, message } = unpack(topic, payload);
    if (name === "hello")
      for (const { stream = "", firstUnacknowledged = 0 } of message.streams) {
        const { storedUpTo } = this.#of(device, stream);
        if (firstUnacknowledged > storedUpTo + 1)
          this.#trace.wrong(`${device} takes ${stream} for stored up to ${firstUnacknowledged - 1}, not ${storedUpTo}`);
      }
    if (!(streamNames as readonly string[]).includes(name)) return;
    const { sent } = this.#of(device, name);
    for (const record of (message as RecordBatch).records as readonly Record_[]) {
      const { first, content, gapReason } = seen(record);
      // A gap may have grown since it was sent first.
      if (gapReason !== undefined) continue;
      if ((sent.get(first) ?? content) !== content)
        this.#trace.wrong(`${device}/${name}/${first} was sent with other bytes before`);
      sent.set(first, content);
    }
  }

  /** A batch is about to land that holds this record; `isThere` when its number was stored before. */
  stored(key: string, bytes: Uint8Array, isThere: boolean): void {
    const [device = "", stream = ""] = key.slice(RECORDED.length).split("/");
    const books = this.#of(device, stream);
    const record = seen(v1.Record.decode(bytes));
    if (isThere) this.#trace.wrong(`${key} is stored twice`);
    if (record.first !== books.storedUpTo + 1)
      this.#trace.wrong(`${key} is stored after ${books.storedUpTo}, with a hole or an overlap`);
    if (record.gapReason === "unexplained") this.#trace.wrong(`${key} stands for records that nobody explains`);
    books.storedUpTo = record.last;
    books.stored.add(record.content);
    if (record.gapReason !== undefined) books.gaps.push({ first: record.first, last: record.last });
  }

  /** The control plane says to a device that it has everything up to a number. */
  acknowledged(device: string, stream: string, upTo: number): void {
    const books = this.#of(device, stream);
    if (upTo > books.storedUpTo)
      this.#trace.wrong(`${device}/${stream} is acknowledged up to ${upTo} and stored up to ${books.storedUpTo}`);
    if (upTo < books.acknowledgedUpTo)
      this.#trace.wrong(`the watermark of ${device}/${stream} went back from ${books.acknowledgedUpTo} to ${upTo}`);
    books.acknowledgedUpTo = upTo;
  }

  /** Compares what a database holds with what was acknowledged. */
  audit(database: SimulatedDatabase): void {
    for (const [stream, { acknowledgedUpTo, gaps }] of this.#books) {
      const last = database.keysWith(`${RECORDED}${stream}/`).at(-1);
      const number = Number(last?.split("/").at(-1) ?? 0);
      const held = gaps.find(({ first }) => first === number)?.last ?? number;
      if (held < acknowledgedUpTo)
        this.#trace.wrong(`${stream} was acknowledged up to ${acknowledgedUpTo} and the database holds up to ${held}`);
    }
  }

  /** Everything that a device made durable must have come; of what happens at this moment it may not know itself yet. */
  close(device: string): void {
    const known = this.#clock.monotonic() - SECOND;
    for (const stream of streamNames)
      for (const [content, { number, at }] of this.#of(device, stream).accepted)
        if (at <= known && !this.#isDelivered(device, stream, { first: number, last: number, content }))
          this.#trace.wrong(`${device}/${stream}/${number} was durable and never came`);
  }

  get storedRecords(): number {
    return [...this.#books.values()].reduce((sum, { stored }) => sum + stored.size, 0);
  }

  get explainedGaps(): number {
    return [...this.#books.values()].reduce((sum, { gaps }) => sum + gaps.length, 0);
  }

  #isDelivered(device: string, stream: string, { content, first, last, gapReason }: SeenRecord): boolean {
    const { stored, gaps, accepted, storedUpTo } = this.#of(device, stream);
    if (gapReason !== undefined)
      return last <= storedUpTo || this.#mirror(device).holds(stream, { content, first: storedUpTo + 1, last });
    const number = accepted.get(content)?.number ?? first;
    return stored.has(content) || gaps.some((gap) => gap.first <= number && number <= gap.last);
  }

  #mirror(device: string): SpoolMirror {
    const known = this.#mirrors.get(device);
    if (known !== undefined) return known;
    const mirror = new SpoolMirror({
      isDelivered: (stream, record) => this.#isDelivered(device, stream, record),
      wrong: (what) => this.#trace.wrong(`${device}: ${what}`),
    });
    this.#mirrors.set(device, mirror);
    return mirror;
  }

  #of(device: string, stream: string): StreamBooks {
    const name = `${device}/${stream}`;
    const known = this.#books.get(name);
    if (known !== undefined) return known;
    const books = {
      accepted: new Map<string, { number: number; at: number }>(),
      sent: new Map<number, string>(),
      stored: new Set<string>(),
      gaps: [],
      storedUpTo: 0,
      acknowledgedUpTo: 0,
    };
    this.#books.set(name, books);
    return books;
  }
}
