import type { StreamName } from "@edgemere/protocol";
import type { Appender, Disk } from "@edgemere/protocol/kit";
import { isDiskFull } from "./disk-full.ts";
import { bothLosses, framed, gapOf, keep, renumbered, type GapReason, type KeptRecord } from "./kept-record.ts";
import { openSegments, pathOf, segmentOf, type Segment } from "./segment.ts";
import { repair } from "./repair.ts";

const AROUND_RECORD = 8;

interface StreamParts {
  readonly disk: Disk;
  readonly stream: StreamName;
  /** A segment that has grown to this is closed and a new one begun. Whole segments are given up at a time. */
  readonly segmentBytes: number;
}

interface Room {
  /** In a message, where each record has a few bytes around it. */
  readonly bytes: number;
  readonly records: number;
}

/**
 * The records of one stream, numbered from 1 without a hole, in segment files. The newest file is never removed, so the
 * numbers survive when everything is acknowledged. Calls must not overlap: the spool sees to that.
 */
export class StreamLog {
  readonly stream: StreamName;
  readonly #disk: Disk;
  readonly #segmentBytes: number;
  readonly #segments: Segment[];
  /** Of the newest segment, what is not acknowledged. */
  #kept: readonly KeptRecord[];
  /** Absent after a failed write: what its file holds behind the last record is unknown. */
  #appender: Appender | undefined;
  #loaded: { readonly segment: Segment; readonly records: readonly KeptRecord[] } | undefined;
  #acknowledged: number;
  /** Numbers from here on were given by this process, and the control plane knows those up to `#read` at most. */
  #ownFrom: number;
  #readUpTo: number;

  private constructor({ disk, stream, segmentBytes }: StreamParts, found: Awaited<ReturnType<typeof openSegments>>) {
    this.stream = stream;
    this.#disk = disk;
    this.#segmentBytes = segmentBytes;
    this.#segments = found.segments;
    this.#kept = found.kept;
    this.#appender = found.appender;
    this.#acknowledged = found.segments[0].first - 1;
    this.#ownFrom = this.next;
    this.#readUpTo = this.next - 1;
  }

  /** Reads what a former process left, and mends what a power cut or a bad disk did to it. */
  static async open(parts: StreamParts): Promise<StreamLog> {
    return new StreamLog(parts, await openSegments(parts.disk, parts.stream));
  }

  get next(): number {
    return this.#newest.next;
  }

  get firstUnacknowledged(): number {
    return this.#acknowledged + 1;
  }

  get bytes(): number {
    return this.#segments.reduce((sum, segment) => sum + segment.bytes, 0);
  }

  /** Numbers and keeps records; durable when it resolves. When it rejects, none of them is kept and no number is used. */
  async append(records: readonly KeptRecord[]): Promise<void> {
    if (this.#appender === undefined || this.#newest.bytes >= this.#segmentBytes) await this.#begin();
    const numbered: KeptRecord[] = [];
    for (const record of records)
      numbered.push(renumbered(this.stream, record, (numbered.at(-1)?.last ?? this.next - 1) + 1));
    const content = framed(numbered);
    try {
      await this.#appender?.write(content);
      await this.#appender?.sync();
    } catch (error) {
      await this.#abandon();
      throw error;
    }
    const { name, first, bytes, loss } = this.#newest;
    const grown = segmentOf({ name, first, bytes: bytes + content.length, records: numbered, loss });
    this.#segments.splice(-1, 1, grown);
    this.#kept = [...this.#kept, ...numbered];
  }

  /** Everything up to this number is stored at the control plane. */
  async acknowledge(upTo: number): Promise<void> {
    if (upTo > Math.max(this.#readUpTo, this.#ownFrom - 1)) return this.#moveBehind(upTo);
    if (upTo <= this.#acknowledged) return;
    this.#acknowledged = upTo;
    this.#kept = this.#kept.filter((record) => record.last > upTo);
    await this.#forget();
  }

  /** Records from a number on, as many as there is room for, at least one when there is one. */
  async read(from: number, room: Room): Promise<readonly KeptRecord[]> {
    const segment = this.#segments.find((each) => each.next > from);
    if (segment === undefined) return [];
    const records = segment === this.#newest ? this.#kept : await this.#load(segment);
    const chosen: KeptRecord[] = [];
    let bytes = 0;
    for (const record of records) {
      if (record.last < from) continue;
      bytes += record.payload.length + AROUND_RECORD;
      if (chosen.length > 0 && (bytes > room.bytes || chosen.length >= room.records)) break;
      chosen.push(record);
    }
    this.#readUpTo = Math.max(this.#readUpTo, chosen.at(-1)?.last ?? 0);
    return chosen;
  }

  /** Gives up the oldest segment; a gap stands for it from then on. False when there is none to give up. */
  async dropOldest(reason: GapReason): Promise<boolean> {
    const [oldest, second] = this.#segments;
    const victims = oldest?.isGap && second ? [oldest, second] : oldest ? [oldest] : [];
    const [first, last] = [victims[0], victims.at(-1)];
    if (first === undefined || last?.loss === undefined || last.isGap) return false;
    if (last === this.#newest) await this.#begin();
    // It was acknowledged already, and only kept for its numbers.
    if (this.#segments[0] !== first) return true;

    const losses = victims.flatMap((each) => each.loss ?? []).reduce(bothLosses);
    const records = Math.min(losses.records, last.next - this.firstUnacknowledged);
    const gap = keep(this.stream, gapOf(first.first, last.next - 1, reason, { ...losses, records }));
    const content = framed([gap]);
    // In one step: until the gap is durable the records are still there.
    await this.#disk.write(this.#path(first), content).catch(async (error: unknown) => {
      if (!isDiskFull(error)) throw error;
      // An empty file in a row of files counts as damage: if the gap finds no room either, the loss is told all the same.
      await this.#disk.truncate(this.#path(last), 0);
      await this.#disk.write(this.#path(first), content);
    });
    if (first !== last) await this.#disk.remove(this.#path(last));
    const stand = segmentOf({ name: first.name, first: first.first, bytes: content.length, records: [gap] });
    this.#segments.splice(0, victims.length, { ...stand, isGap: true });
    this.#loaded = undefined;
    return true;
  }

  async close(): Promise<void> {
    await this.#appender?.close();
    this.#appender = undefined;
  }

  get #newest(): Segment {
    return this.#segments.at(-1) as Segment;
  }

  #path(segment: Segment): string {
    return pathOf(this.stream, segment.name);
  }

  /** Closes the newest segment and begins another; an empty one is used again. */
  async #begin(name = this.next): Promise<void> {
    const newest = this.#newest;
    await this.close();
    if (newest.loss === undefined && name === newest.next) {
      await this.#disk.truncate(this.#path(newest), 0);
      this.#appender = await this.#disk.append(this.#path(newest));
      return;
    }
    this.#appender = await this.#disk.append(pathOf(this.stream, name));
    this.#segments.push(segmentOf({ name, first: name, bytes: 0, records: [] }));
    this.#kept = [];
    await this.#forget();
  }

  async #abandon(): Promise<void> {
    const appender = this.#appender;
    this.#appender = undefined;
    // It failed already; that its end fails too says nothing new.
    await appender?.close().catch(() => {});
  }

  /** Removes the segments that are acknowledged whole, oldest first. */
  async #forget(): Promise<void> {
    for (let oldest = this.#segments[0]; oldest && oldest !== this.#newest; oldest = this.#segments[0]) {
      if (oldest.next - 1 > this.#acknowledged) return;
      await this.#disk.remove(this.#path(oldest));
      this.#segments.shift();
    }
  }

  /**
   * The control plane has numbers that were never sent from here: the disk is an old copy or lost its end. Those numbers
   * are taken, so what this process numbered the same moves behind them.
   */
  async #moveBehind(upTo: number): Promise<void> {
    const own: KeptRecord[] = [];
    for (let from = this.#ownFrom; from < this.next; from = (own.at(-1)?.last ?? this.next) + 1)
      own.push(...(await this.read(from, { bytes: Infinity, records: Infinity })));
    await this.#begin(upTo + 1);
    this.#ownFrom = upTo + 1;
    this.#readUpTo = upTo;
    if (own.length > 0) await this.append(own);
    this.#acknowledged = upTo;
    await this.#forget();
  }

  async #load(segment: Segment): Promise<readonly KeptRecord[]> {
    if (this.#loaded?.segment !== segment) {
      const content = (await this.#disk.read(this.#path(segment))) ?? new Uint8Array();
      const { first, next } = segment;
      const { records } = repair({ stream: this.stream, first, content, expected: first, limit: next });
      this.#loaded = { segment, records };
    }
    return this.#loaded.records;
  }
}
