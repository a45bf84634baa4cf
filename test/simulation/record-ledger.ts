import { streamNames, unpack, v1, type Packet, type Record_, type RecordBatch } from "@edgemere/protocol";
import { SECOND, type Clock } from "@edgemere/protocol/kit";
import type { SimulatedDisk } from "@edgemere/protocol/simulated";
import { seen, type SeenRecord } from "./records.ts";
import type { SimulatedDatabase } from "./simulated-database.ts";
import type { Machine } from "./simulated-device.ts";
import { SpoolMirror } from "./spool-mirror.ts";
import { StoredStream } from "./stored-stream.ts";
import type { Trace } from "./trace.ts";

/** Keys under which the control plane's features are made to keep each record they receive, beside what they do with it. */
export const RECORDED = "recorded/";
export const recordedKey = (device: string, stream: string, sequence: number): string =>
  `${RECORDED}${device}/${stream}/${String(sequence).padStart(12, "0")}`;

/** Under this the store keeps what it counts of each stream. */
const WATERMARK = "srow\u0000swatermark\u0000";
const RESTORED = "control-plane-restored";
const decoder = new TextDecoder();

/** What one machine has numbered of a stream. */
interface Numbered {
  /** Contents that an agent has made durable: the number they had last, and when. */
  readonly accepted: Map<string, { readonly number: number; readonly at: number }>;
  /** What an agent has sent under each number. */
  readonly sent: Map<number, string>;
}

/**
 * Every record's way from an agent's disk into the control plane's store, seen from outside of both.
 *
 * Two faults take away more than a promise can cover, and only that much is excused:
 * - What was on a disk that an image has replaced, and nowhere else, nobody can ask for. Of a device that has had two
 *   memories a number may mean two things; whichever is stored, the other is lost, and the device must have been put into quarantine.
 * - A restored control plane has forgotten what came after its backup. Devices do not keep what was acknowledged: a gap
 *   with a reason of its own stands for that, and for nothing else.
 */
export class RecordLedger {
  readonly #trace: Trace;
  readonly #clock: Pick<Clock, "monotonic">;
  readonly #streams = new Map<string, StoredStream>();
  readonly #numbered = new Map<string, Numbered>();
  readonly #mirrors = new Map<string, { readonly machine: Machine; readonly mirror: SpoolMirror }>();
  /** Devices that have, or have had, two memories. */
  readonly #forked = new Set<string>();
  /** Those of them that gave a number two meanings. */
  readonly #twofold = new Set<string>();
  /** Machines whose disks an image has replaced, and on which no agent has begun since. */
  readonly #replaced = new Set<string>();

  constructor(trace: Trace, clock: Pick<Clock, "monotonic">) {
    this.#trace = trace;
    this.#clock = clock;
  }

  /** Bytes became durable on a machine's disk. */
  synced(machine: Machine, path: string, bytes: Uint8Array): void {
    const stream = path.split("/")[1] ?? "";
    for (const { content, last } of this.#mirror(machine).appended(path, bytes))
      this.#of(machine, stream).accepted.set(content, { number: last, at: this.#clock.monotonic() });
  }

  /** A file on a machine's disk was replaced, cut or removed. */
  changed(machine: Machine, path: string, content: Uint8Array | undefined): void {
    const stream = path.split("/")[1] ?? "";
    const records = this.#mirror(machine).changed(path, content);
    this.#numberedAnew(machine, stream, records);
    this.#movedWithGaps(machine, stream, records);
  }

  /** An agent begins over a disk to which something may have happened. */
  async found(machine: Machine, disk: SimulatedDisk): Promise<void> {
    await this.#mirror(machine).reread(disk, streamNames);
    if (!this.#replaced.delete(machine.name)) return;
    for (const stream of streamNames) {
      this.#numberedAnew(machine, stream, this.#mirror(machine).records(stream));
      this.#of(machine, stream).sent.clear();
    }
    this.#forgetLost(machine);
  }

  /** From now on a second memory speaks for the device: on this machine, whose disk an image replaced, or on a copy of it. */
  forked({ device, name }: Machine, how: "put back" | "copied"): void {
    this.#forked.add(device);
    if (how === "put back") this.#replaced.add(name);
  }

  /** An agent has mended its disk: what was durable is still there, or something stands for it. */
  mended(machine: Machine): void {
    const mirror = this.#mirror(machine);
    for (const stream of streamNames)
      for (const [content, { number }] of this.#of(machine, stream).accepted) {
        const record = { first: number, last: number, content };
        if (!this.#isDelivered(machine, stream, record) && !mirror.holds(stream, record))
          this.#trace.wrong(`${machine.name}/${stream}/${number} was durable and is neither stored nor on the disk`);
      }
  }

  /** An agent hands a packet to the network. */
  published(machine: Machine, { topic, payload }: Packet): void {
    const { name, message } = unpack(topic, payload);
    if (name === "hello") for (const position of message.streams) this.#positioned(machine, position);
    if (!(streamNames as readonly string[]).includes(name)) return;
    const { sent } = this.#of(machine, name);
    for (const record of (message as RecordBatch).records as readonly Record_[]) {
      const { first, content, gapReason } = seen(record);
      // A gap may have grown since it was sent first.
      if (gapReason !== undefined) continue;
      if ((sent.get(first) ?? content) !== content)
        this.#trace.wrong(`${machine.name}/${name}/${first} was sent with other bytes before`);
      sent.set(first, content);
    }
  }

  /** A batch is about to land that holds this record; `isThere` when its number was stored before. */
  stored(key: string, bytes: Uint8Array, isThere: boolean): void {
    const [device = "", stream = ""] = key.slice(RECORDED.length).split("/");
    const books = this.#stored(device, stream);
    const record = seen(v1.Record.decode(bytes));
    const { first, last, content, gapReason, gapRecords } = record;
    if (isThere) this.#trace.wrong(`${key} is stored twice`);
    if (first !== books.upTo + 1) this.#trace.wrong(`${key} is stored after ${books.upTo}, with a hole or an overlap`);
    if (gapReason === "unexplained") this.#trace.wrong(`${key} stands for records that nobody explains`);
    if (gapReason === RESTORED && last > books.everAcknowledged)
      this.#trace.wrong(`${key} up to ${last} was lost with no control plane: it never was acknowledged`);
    if (gapRecords !== undefined && gapRecords !== last - first + 1)
      this.#trace.wrong(`${key} up to ${last} says that it stands for ${gapRecords} records`);
    // What a device is, it may say twice within a millisecond, in the same words: of all else each record is one of its kind.
    const isUnique = gapReason === undefined && stream !== "event";
    if (isUnique && books.has(content) && !this.#forked.has(device))
      this.#trace.wrong(`${key} is stored under another number already`);
    books.add(record);
  }

  /** The control plane says to a device that it has everything up to a number. */
  acknowledged(device: string, stream: string, upTo: number): void {
    const books = this.#stored(device, stream);
    if (upTo > books.upTo)
      this.#trace.wrong(`${device}/${stream} is acknowledged up to ${upTo} and stored up to ${books.upTo}`);
    if (upTo < books.acknowledged)
      this.#trace.wrong(`the watermark of ${device}/${stream} went back from ${books.acknowledged} to ${upTo}`);
    books.acknowledge(upTo);
  }

  /** Compares what a database holds with what was acknowledged, and what it counts with what it holds. */
  audit(database: SimulatedDatabase): void {
    for (const [stream, books] of this.#streams) {
      const last = database.keysWith(`${RECORDED}${stream}/`).at(-1);
      const held = books.lastOf(Number(last?.split("/").at(-1) ?? 0));
      if (held < books.acknowledged)
        this.#trace.wrong(
          `${stream} was acknowledged up to ${books.acknowledged} and the database holds up to ${held}`,
        );
    }
    for (const key of database.keysWith(WATERMARK)) {
      const counted = JSON.parse(decoder.decode(database.get(key))) as Parameters<StoredStream["differsFrom"]>[0];
      const difference = this.#streams.get(counted.id)?.differsFrom(counted);
      if (difference !== undefined) this.#trace.wrong(`the books of ${counted.id}: ${difference}`);
    }
  }

  /** Remembers what is stored now; what it gives puts a restored control plane's forgetting into the books. */
  bookmark(): () => void {
    const marks = new Map([...this.#streams].map(([name, books]) => [name, books.bookmark()]));
    return () => {
      for (const [name, books] of this.#streams) (marks.get(name) ?? StoredStream.none)(books);
      // What is neither on a disk that an image replaced nor in the backup is nowhere.
      for (const { machine } of this.#mirrors.values()) if (this.#forked.has(machine.device)) this.#forgetLost(machine);
    };
  }

  /** Everything that a device made durable must have come; of what happens at this moment it may not know itself yet. */
  close(machine: Machine, wasInQuarantine: boolean): void {
    const known = this.#clock.monotonic() - SECOND;
    for (const stream of streamNames)
      for (const [content, { number, at }] of this.#of(machine, stream).accepted) {
        const books = this.#stored(machine.device, stream);
        const isDelivered = this.#isDelivered(machine, stream, { first: number, last: number, content });
        if (at <= known && !(isDelivered && (number <= books.upTo || books.has(content))))
          this.#trace.wrong(`${machine.name}/${stream}/${number} was durable and never came`);
      }
    if (this.#twofold.has(machine.device) && !wasInQuarantine)
      this.#trace.wrong(`${machine.device} gave a number two meanings, and nobody noticed`);
  }

  get storedRecords(): number {
    return [...this.#streams.values()].reduce((sum, { records }) => sum + records, 0);
  }

  get explainedGaps(): number {
    return [...this.#streams.values()].reduce((sum, { gaps }) => sum + gaps, 0);
  }

  /** A device says where a stream stands: only what was stored may be gone. */
  #positioned(machine: Machine, { stream = "", firstUnacknowledged = 0 }: v1.StreamPosition.$Properties): void {
    const { upTo, everAcknowledged } = this.#stored(machine.device, stream);
    const known = Math.max(upTo, everAcknowledged);
    if (firstUnacknowledged > known + 1)
      this.#trace.wrong(`${machine.name} takes ${stream} for stored up to ${firstUnacknowledged - 1}, not ${known}`);
  }

  #isDelivered({ device, name }: Machine, stream: string, { content, first, last, gapReason }: SeenRecord): boolean {
    const books = this.#stored(device, stream);
    if (gapReason !== undefined)
      return (
        last <= Math.max(books.upTo, books.everAcknowledged) ||
        this.#mirror({ device, name }).holds(stream, { content, first: books.upTo + 1, last })
      );
    const number = this.#of({ device, name }, stream).accepted.get(content)?.number ?? first;
    if (books.has(content) || books.explains(number)) return true;
    // It was stored once: what the restored control plane makes of it is seen in the end.
    if (number > books.upTo) return number <= books.everAcknowledged;
    if (this.#forked.has(device)) this.#twofold.add(device);
    return this.#forked.has(device);
  }

  /** An agent may give other numbers to what it never sent, and an image those from before. */
  #numberedAnew(machine: Machine, stream: string, records: readonly SeenRecord[]): void {
    const { accepted } = this.#of(machine, stream);
    for (const { content, last } of records) {
      const known = accepted.get(content);
      if (known !== undefined) accepted.set(content, { ...known, number: last });
    }
  }

  /** Of a gap that moves the part goes whose numbers the control plane has given a meaning of their own; what it stands for goes with it. */
  #movedWithGaps(machine: Machine, stream: string, records: readonly SeenRecord[]): void {
    const { accepted } = this.#of(machine, stream);
    const mirror = this.#mirror(machine);
    for (const record of records) {
      const before = mirror.movedFrom(stream, record);
      if (before === undefined) continue;
      const end = Math.min(before.last, this.#stored(machine.device, stream).upTo);
      const by = record.last - end;
      const isThere = new Set(mirror.records(stream).map(({ content }) => content));
      for (const [content, known] of accepted)
        if (known.number <= end && known.number + by >= record.first && !isThere.has(content))
          accepted.set(content, { ...known, number: known.number + by });
    }
  }

  #forgetLost(machine: Machine): void {
    for (const stream of streamNames) {
      const { accepted } = this.#of(machine, stream);
      for (const [content, { number }] of accepted) {
        const record = { first: number, last: number, content };
        const books = this.#stored(machine.device, stream);
        const isSomewhere = books.has(content) || books.explains(number);
        if (!isSomewhere && !this.#mirror(machine).holds(stream, record)) accepted.delete(content);
      }
    }
  }

  #mirror(machine: Machine): SpoolMirror {
    const known = this.#mirrors.get(machine.name);
    if (known !== undefined) return known.mirror;
    const mirror = new SpoolMirror({
      isDelivered: (stream, record) => this.#isDelivered(machine, stream, record),
      wrong: (what) => this.#trace.wrong(`${machine.name}: ${what}`),
    });
    this.#mirrors.set(machine.name, { machine, mirror });
    return mirror;
  }

  #of({ name }: Machine, stream: string): Numbered {
    const key = `${name}/${stream}`;
    const known = this.#numbered.get(key) ?? { accepted: new Map(), sent: new Map() };
    this.#numbered.set(key, known);
    return known;
  }

  #stored(device: string, stream: string): StoredStream {
    const name = `${device}/${stream}`;
    const known = this.#streams.get(name) ?? new StoredStream();
    this.#streams.set(name, known);
    return known;
  }
}
